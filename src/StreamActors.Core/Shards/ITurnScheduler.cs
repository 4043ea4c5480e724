namespace StreamActors.Shards;

/// <summary>
/// Gives shards their turns. In production the thread pool; in the simulation a queue whose order a seed decides.
/// </summary>
internal interface ITurnScheduler
{
    /// <summary>Runs the item once, soon, on some thread; never inside this call.</summary>
    void Schedule(IThreadPoolWorkItem turn);

    /// <summary>
    /// Waits on the poll thread until the condition holds, while turns go on. The condition is checked again at each
    /// <see cref="Signal"/>, and now and then.
    /// </summary>
    /// <returns>Whether the condition held before the limit.</returns>
    bool WaitUntil(Func<bool> condition, TimeSpan limit);

    /// <summary>Says that a condition that someone waits for may hold now. Any thread.</summary>
    void Signal();
}

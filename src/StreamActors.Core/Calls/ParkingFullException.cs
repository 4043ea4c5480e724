namespace StreamActors.Calls;

/// <summary>A record was given up because as much is parked as may be, or it was for too long.</summary>
internal sealed class ParkingFullException(string message) : Exception(message);

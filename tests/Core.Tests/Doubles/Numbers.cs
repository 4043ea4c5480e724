using System.Buffers;

namespace StreamActors.Core.Tests.Doubles;

/// <summary>A number as its four bytes.</summary>
internal sealed class Numbers : ICodec<int>
{
    public bool TryRead(ReadOnlySpan<byte> bytes, out int value, out Rejection rejection)
    {
        (value, rejection) = (BitConverter.ToInt32(bytes), default);
        return true;
    }

    public void Write(scoped in int value, IBufferWriter<byte> output) => output.Write(BitConverter.GetBytes(value));
}

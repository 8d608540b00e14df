using Microsoft.ML.OnnxRuntime;

namespace TokenFactory.Inference.Engine;

/// <summary>Keys and values of all slots, wherever they are kept.</summary>
internal interface ICacheViews
{
    /// <summary>View of <paramref name="count"/> slots of one layer's keys or values, <c>[count, kv heads, capacity, head size]</c>.</summary>
    OrtValue View(int layer, bool value, int firstSlot, int count);
}

using System.Globalization;
using CsCheck;

namespace TokenFactory.TestSupport;

/// <summary>Random cases that are the same in every run, so that a build does not fail by chance.</summary>
/// <remarks>TOKENFACTORY_SAMPLE_SEED takes another seed, or <c>random</c> for a new one; a failure names the seed and the case.</remarks>
internal static class RepeatableSample
{
    private const ulong DefaultSeed = 20261125;

    private static readonly ulong s_seed = Environment.GetEnvironmentVariable("TOKENFACTORY_SAMPLE_SEED") switch
    {
        "random" => (ulong)Random.Shared.NextInt64(),
        { Length: > 0 } text => ulong.Parse(text, CultureInfo.InvariantCulture),
        _ => DefaultSeed,
    };

    /// <summary>Checks the same random cases in each run, one after another.</summary>
    /// <param name="gen">Makes the cases.</param>
    /// <param name="check">Throws where a case is wrong.</param>
    /// <param name="iter">Number of cases.</param>
    /// <param name="print">Describes a case that failed.</param>
    public static void SampleRepeatably<T>(this Gen<T> gen, Action<T> check, long iter = 100, Func<T, string>? print = null)
    {
        for (long i = 0; i < iter; i++)
        {
            var random = new PCG((uint)i, s_seed);
            T value = gen.Generate(random, null, out _);
            try
            {
                check(value);
            }
            catch (Exception e)
            {
                throw new InvalidOperationException(
                    string.Create(CultureInfo.InvariantCulture, $"Case {i} of {iter} (TOKENFACTORY_SAMPLE_SEED={s_seed}): {print?.Invoke(value) ?? Describe(value)}\n{e.Message}"), e);
            }
        }
    }

    /// <inheritdoc cref="SampleRepeatably{T}(Gen{T}, Action{T}, long, Func{T, string})"/>
    public static void SampleRepeatably<T>(this Gen<T> gen, Func<T, bool> check, long iter = 100, Func<T, string>? print = null) =>
        gen.SampleRepeatably(
            value =>
            {
                if (!check(value))
                {
                    throw new InvalidOperationException("The check says no.");
                }
            },
            iter,
            print);

    /// <inheritdoc cref="SampleRepeatably{T}(Gen{T}, Action{T}, long, Func{T, string})"/>
    public static void SampleRepeatably<T1, T2>(this Gen<(T1, T2)> gen, Action<T1, T2> check, long iter = 100) =>
        gen.SampleRepeatably(t => check(t.Item1, t.Item2), iter);

    /// <inheritdoc cref="SampleRepeatably{T}(Gen{T}, Action{T}, long, Func{T, string})"/>
    public static void SampleRepeatably<T1, T2>(this Gen<(T1, T2)> gen, Func<T1, T2, bool> check, long iter = 100) =>
        gen.SampleRepeatably(t => check(t.Item1, t.Item2), iter);

    /// <inheritdoc cref="SampleRepeatably{T}(Gen{T}, Action{T}, long, Func{T, string})"/>
    public static void SampleRepeatably<T1, T2, T3>(this Gen<(T1, T2, T3)> gen, Action<T1, T2, T3> check, long iter = 100) =>
        gen.SampleRepeatably(t => check(t.Item1, t.Item2, t.Item3), iter);

    /// <inheritdoc cref="SampleRepeatably{T}(Gen{T}, Action{T}, long, Func{T, string})"/>
    public static void SampleRepeatably<T1, T2, T3, T4>(this Gen<(T1, T2, T3, T4)> gen, Action<T1, T2, T3, T4> check, long iter = 100) =>
        gen.SampleRepeatably(t => check(t.Item1, t.Item2, t.Item3, t.Item4), iter);

    /// <inheritdoc cref="SampleRepeatably{T}(Gen{T}, Action{T}, long, Func{T, string})"/>
    public static void SampleRepeatably<T1, T2, T3, T4, T5>(this Gen<(T1, T2, T3, T4, T5)> gen, Action<T1, T2, T3, T4, T5> check, long iter = 100) =>
        gen.SampleRepeatably(t => check(t.Item1, t.Item2, t.Item3, t.Item4, t.Item5), iter);

    /// <inheritdoc cref="SampleRepeatably{T}(Gen{T}, Action{T}, long, Func{T, string})"/>
    public static void SampleRepeatably<T1, T2, T3, T4, T5, T6, T7>(this Gen<(T1, T2, T3, T4, T5, T6, T7)> gen, Action<T1, T2, T3, T4, T5, T6, T7> check, long iter = 100) =>
        gen.SampleRepeatably(t => check(t.Item1, t.Item2, t.Item3, t.Item4, t.Item5, t.Item6, t.Item7), iter);

    private static string Describe<T>(T value) => value is System.Collections.IEnumerable items and not string
        ? string.Join(", ", items.Cast<object?>().Select(v => Convert.ToString(v, CultureInfo.InvariantCulture)))
        : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}

using System.Numerics.Tensors;
using TokenFactory.Core;

namespace TokenFactory.Inference.Engine;

/// <summary>Chooses a token from a row of logits. Not thread-safe: it keeps its scratch memory, so that a token costs no garbage.</summary>
/// <remarks>
/// In Hugging Face's order: penalties and bias, temperature, top-k, top-p, min-p, then one draw. The filters need no sorted vocabulary:
/// a histogram over the weights' exponents and first mantissa bits finds the bin where the border falls, and only that bin is sorted.
/// Weights are floats with the likeliest at 1; sums are doubles in order of token id, so that a draw depends on the row alone.
/// </remarks>
internal sealed class Sampler
{
    private const int MantissaShift = 18;
    private const int One = 0x3F800000 >> MantissaShift;

    private readonly float[] _weights;
    private readonly float[] _raw;
    private readonly int[] _binCounts = new int[One + 1];
    private readonly double[] _binMass = new double[One + 1];
    private readonly Candidate[] _bin;
    private readonly Candidate[] _top;

    public Sampler(int vocabulary)
    {
        _weights = new float[vocabulary];
        _raw = new float[vocabulary];
        _bin = new Candidate[vocabulary];
        _top = new Candidate[SamplingLimits.MostAlternatives];
    }

    /// <summary>Chooses a token.</summary>
    /// <param name="logits">Logits; changed by penalties.</param>
    /// <param name="options">How.</param>
    /// <param name="penalties">The sequence's penalties; null for none.</param>
    /// <param name="position">Index of the output token, which names the random draw.</param>
    /// <param name="logProbability">Gets the token's log probability with alternatives when asked for.</param>
    public int Choose(Span<float> logits, SamplingOptions options, Penalties? penalties, int position, out TokenLogProbability? logProbability)
    {
        bool report = options.LogProbabilities is not null;
        if (report && penalties is not null)
        {
            logits.CopyTo(_raw);
        }

        ReadOnlySpan<float> raw = report && penalties is not null ? _raw.AsSpan(0, logits.Length) : logits;
        penalties?.Apply(logits);
        int best = TensorPrimitives.IndexOfMax(logits);
        if (best < 0 || !float.IsFinite(logits[best]))
        {
            throw new TokenFactoryException("LogitsNotFinite", FailureKind.OperationFailed,
                "The model returned logits that are not numbers. Its weights overflow in this precision: use another export of the model.");
        }

        int token = options.Temperature <= 0 || options.TopK == 1 ? best : Draw(logits, best, options, position);
        logProbability = report ? Report(raw, token, options.LogProbabilities!.Value) : null;
        return token;
    }

    private int Draw(ReadOnlySpan<float> logits, int best, SamplingOptions options, int position)
    {
        Span<float> weights = _weights.AsSpan(0, logits.Length);
        TensorPrimitives.Subtract(logits, logits[best], weights);
        TensorPrimitives.Divide(weights, options.Temperature, weights);
        TensorPrimitives.Exp(weights, weights);
        // The vectorized exponential of 0 may be a bit above 1; equal logits must stay equal and the likeliest at the top.
        TensorPrimitives.Min(weights, 1f, weights);

        Candidate border = new(0, int.MaxValue);
        bool topK = options.TopK > 0 && options.TopK < logits.Length;
        if (topK || options.TopP < 1)
        {
            border = Border(weights, topK ? options.TopK : int.MaxValue, options.TopP);
        }

        if (options.MinP > 0 && options.MinP > border.Weight)
        {
            border = new Candidate(options.MinP, int.MaxValue);
        }

        double total = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            float weight = weights[i];
            if (weight > border.Weight || (weight == border.Weight && i <= border.Token))
            {
                total += weight;
            }
        }

        double target = CounterRandom.Unit(options.Seed, position) * total;
        double sum = 0;
        int last = best;
        for (int i = 0; i < weights.Length; i++)
        {
            float weight = weights[i];
            if (weight > 0 && (weight > border.Weight || (weight == border.Weight && i <= border.Token)))
            {
                sum += weight;
                last = i;
                if (sum > target)
                {
                    return i;
                }
            }
        }

        return last;
    }

    /// <summary>The least likely candidate that both filters keep; of equal ones the smaller id is the likelier.</summary>
    private Candidate Border(ReadOnlySpan<float> weights, int k, float p)
    {
        Array.Clear(_binCounts);
        Array.Clear(_binMass);
        foreach (float weight in weights)
        {
            int bin = Bin(weight);
            _binCounts[bin]++;
            _binMass[bin] += weight;
        }

        // First the bin in which the k-th falls, because top-p counts the mass of what top-k leaves.
        int kept = 0;
        double mass = 0;
        int last = 0;
        while (last < One && kept + _binCounts[last] < k)
        {
            kept += _binCounts[last];
            mass += _binMass[last];
            last++;
        }

        int inLast = Math.Min(k - kept, _binCounts[last]);
        Span<Candidate> members = Members(weights, last);
        foreach (Candidate member in members[..inLast])
        {
            mass += member.Weight;
        }

        if (p >= 1)
        {
            return inLast == 0 ? new Candidate(0, int.MaxValue) : members[inLast - 1];
        }

        double target = Math.Max(p, 0) * mass;
        double sum = 0;
        for (int bin = 0; bin <= last; bin++)
        {
            if (bin < last && sum + _binMass[bin] < target)
            {
                sum += _binMass[bin];
                continue;
            }

            members = Members(weights, bin);
            int count = bin == last ? inLast : members.Length;
            for (int i = 0; i < count; i++)
            {
                sum += members[i].Weight;
                if (sum >= target)
                {
                    return members[i];
                }
            }
        }

        return inLast == 0 ? new Candidate(0, int.MaxValue) : Members(weights, last)[inLast - 1];
    }

    private Span<Candidate> Members(ReadOnlySpan<float> weights, int bin)
    {
        int count = 0;
        for (int i = 0; i < weights.Length; i++)
        {
            if (Bin(weights[i]) == bin)
            {
                _bin[count++] = new Candidate(weights[i], i);
            }
        }

        Span<Candidate> members = _bin.AsSpan(0, count);
        members.Sort();
        return members;
    }

    // Weights are in [0, 1], where a float's bits order as the float does.
    private static int Bin(float weight) => Math.Clamp(One - (BitConverter.SingleToInt32Bits(weight) >> MantissaShift), 0, One);

    private TokenLogProbability Report(ReadOnlySpan<float> logits, int token, int alternatives)
    {
        float max = TensorPrimitives.Max(logits);
        double sum = 0;
        foreach (float logit in logits)
        {
            sum += Math.Exp(logit - max);
        }

        double logSum = max + Math.Log(sum);
        int count = Math.Min(Math.Min(alternatives, _top.Length), logits.Length);
        Span<Candidate> top = _top.AsSpan(0, count);
        int filled = 0;
        for (int i = 0; i < logits.Length && count > 0; i++)
        {
            if (filled == count && logits[i] <= top[^1].Weight)
            {
                continue;
            }

            int at = filled < count ? filled++ : count - 1;
            while (at > 0 && top[at - 1].Weight < logits[i])
            {
                top[at] = top[at - 1];
                at--;
            }

            top[at] = new Candidate(logits[i], i);
        }

        KeyValuePair<int, float>[] likeliest = new KeyValuePair<int, float>[count];
        for (int i = 0; i < count; i++)
        {
            likeliest[i] = new(top[i].Token, (float)(top[i].Weight - logSum));
        }

        return new TokenLogProbability(token, (float)(logits[token] - logSum), likeliest);
    }

    private readonly record struct Candidate(float Weight, int Token) : IComparable<Candidate>
    {
        public int CompareTo(Candidate other)
        {
            int byWeight = other.Weight.CompareTo(Weight);
            return byWeight != 0 ? byWeight : Token.CompareTo(other.Token);
        }
    }
}

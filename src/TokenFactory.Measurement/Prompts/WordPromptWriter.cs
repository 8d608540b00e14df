using System.Text;
using TokenFactory.Measurement.Statistics;

namespace TokenFactory.Measurement.Prompts;

/// <summary>Prompts as common English words, each of which is one token in nearly every vocabulary.</summary>
/// <remarks>
/// With a tokenizer only words that it takes as one token are used, and every prompt is checked and mended to its exact length. Without one the
/// lengths are made exact by <see cref="PromptCalibration"/>, from the server's own usage.
/// </remarks>
public sealed class WordPromptWriter : IPromptWriter
{
    private const string Words =
        " the of and to in is you that it he was for on are as with his they at be this have from or one had by word but not what all were we when your can"
        + " said there use an each which she do how their if will up other about out many then them these so some her would make like him into time has look two"
        + " more write go see number no way could people my than first water been call who oil its now find long down day did get come made may part over new sound"
        + " take only little work know place year live me back give most very after thing our just name good man think say great where help through much before line"
        + " right too mean old any same tell boy follow came want show also around form three small set put end does another well large must big even such because turn"
        + " here why ask went men read need land different home us move try kind hand picture again change off play air away animal house point page letter mother"
        + " answer found study still learn should world high every near add food between own below country plant last school father keep tree never start city";

    private readonly string[] _words;
    private readonly Func<string, int>? _count;

    /// <summary>Creates a writer.</summary>
    /// <param name="countTokens">Counts the tokens of a text, without special ones; null when there is no tokenizer.</param>
    public WordPromptWriter(Func<string, int>? countTokens = null)
    {
        _count = countTokens;
        string[] words = [.. Words.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => " " + w)];
        _words = countTokens is null ? words : [.. words.Where(w => countTokens(w + w) - countTokens(w) == 1)];
        if (_words.Length < 16)
        {
            _words = words;
        }
    }

    /// <summary>Tokens that the server adds to every prompt: its chat template, a begin token. Subtracted from what is asked for.</summary>
    public int Overhead { get; set; }

    /// <inheritdoc/>
    public int[] WriteTokens(int tokens, ulong seed, ulong stream) => [];

    /// <inheritdoc/>
    public string WriteText(int tokens, ulong seed, ulong stream)
    {
        int wanted = Math.Max(1, tokens - Overhead);
        var random = new SplitMix(seed, stream);
        var text = new StringBuilder(wanted * 6);
        for (int i = 0; i < wanted; i++)
        {
            text.Append(_words[random.Below(_words.Length)]);
        }

        return _count is null ? text.ToString() : Mend(text, wanted, ref random);
    }

    private string Mend(StringBuilder text, int wanted, ref SplitMix random)
    {
        for (int tries = 0; tries < 64; tries++)
        {
            int difference = wanted - _count!(text.ToString());
            if (difference == 0)
            {
                break;
            }

            for (int i = 0; i < difference; i++)
            {
                text.Append(_words[random.Below(_words.Length)]);
            }

            for (int i = 0; i < -difference && text.Length > 1; i++)
            {
                int space = text.Length - 1;
                while (space > 0 && text[space] != ' ')
                {
                    space--;
                }

                text.Length = space;
            }
        }

        return text.ToString();
    }
}

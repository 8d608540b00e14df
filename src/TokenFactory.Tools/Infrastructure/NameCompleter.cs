using System.Buffers;
using System.Collections;
using System.Management.Automation;
using System.Management.Automation.Language;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Base of completers over a list of names: matches anywhere case-insensitively, quotes what needs it, never throws.</summary>
public abstract class NameCompleter : IArgumentCompleter
{
    private static readonly SearchValues<char> s_needQuotes = SearchValues.Create(" '\"`$;,|&(){}@#<>");

    /// <inheritdoc/>
    public IEnumerable<CompletionResult> CompleteArgument(
        string commandName, string parameterName, string wordToComplete, CommandAst commandAst, IDictionary fakeBoundParameters)
    {
        string word = (wordToComplete ?? "").Trim('\'', '"');
        List<CompletionResult> results = [];
        try
        {
            foreach ((string name, string description) in Names(fakeBoundParameters))
            {
                if (name.StartsWith(word, StringComparison.OrdinalIgnoreCase))
                {
                    string text = name.AsSpan().ContainsAny(s_needQuotes) ? $"'{CodeGeneration.EscapeSingleQuotedStringContent(name)}'" : name;
                    results.Add(new CompletionResult(text, name, CompletionResultType.ParameterValue, description.Length == 0 ? name : description));
                }
            }
        }
        catch (Exception e) when (e is Core.TokenFactoryException or IOException or UnauthorizedAccessException)
        {
            // A completer that fails offers nothing; an error record would garble the prompt.
        }

        return results;
    }

    /// <summary>The names with a description each.</summary>
    /// <param name="boundParameters">What was typed so far, by parameter name.</param>
    protected abstract IEnumerable<(string Name, string Description)> Names(IDictionary boundParameters);
}

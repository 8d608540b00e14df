using System.Management.Automation;
using TokenFactory.Inference.Text;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Turns text into a model's tokens: their ids, their number, and the part of the text that each covers.</summary>
/// <remarks>
/// The model's tokenizer.json is enough: no weights are loaded, and a loaded tokenizer stays for the next command. The ids are those of Hugging Face's own
/// library. Special tokens that stand in the text are recognised; those that the model wants around a text are added unless -NoSpecial is given.
/// </remarks>
/// <example>
/// <code>ConvertTo-TokenFactoryToken 'Tokens go out, power goes in.'</code>
/// <para>The tokens of a text by the embedded default model.</para>
/// </example>
/// <example>
/// <code>'one', 'two words' | ConvertTo-TokenFactoryToken -NoSpecial | Measure-Object Count -Sum</code>
/// <para>How many tokens several texts have together, nothing added.</para>
/// </example>
/// <example>
/// <code>(ConvertTo-TokenFactoryToken 'héllo' -Model demo).Ids | ConvertFrom-TokenFactoryToken -Model demo</code>
/// <para>There and back.</para>
/// </example>
[Cmdlet(VerbsData.ConvertTo, "TokenFactoryToken")]
[OutputType(typeof(TokenizedText))]
public sealed class ConvertToTokenFactoryTokenCommand : TokenCommand
{
    /// <summary>The texts.</summary>
    [Parameter(Mandatory = true, Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true)]
    [AllowEmptyString]
    public string[] Text { get; set; } = [];

    /// <summary>Adds no special tokens; those in the text are still recognised.</summary>
    [Parameter]
    public SwitchParameter NoSpecial { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        foreach (string text in Text)
        {
            StopToken.ThrowIfCancellationRequested();
            WriteObject(TokenizedText.From(Tokenizer, text, !NoSpecial));
        }
    }
}

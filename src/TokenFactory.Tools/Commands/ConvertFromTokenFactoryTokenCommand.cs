using System.Management.Automation;
using TokenFactory.Inference.Text;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Turns a model's token ids back into text.</summary>
/// <remarks>
/// Ids that come one by one through the pipeline are one text; objects with an Ids property, such as those of ConvertTo-TokenFactoryToken, are
/// a text each. Bytes that are no character become U+FFFD. Special tokens are left out unless -KeepSpecial is given.
/// </remarks>
/// <example>
/// <code>ConvertFrom-TokenFactoryToken -Ids 72, 105</code>
/// <para>The text of two tokens of the embedded default model.</para>
/// </example>
/// <example>
/// <code>'power in', 'tokens out' | ConvertTo-TokenFactoryToken | ConvertFrom-TokenFactoryToken</code>
/// <para>Each text back from its tokens.</para>
/// </example>
/// <example>
/// <code>65..70 | ConvertFrom-TokenFactoryToken -Model demo -KeepSpecial</code>
/// <para>Ids from the pipeline are one text; special tokens are shown.</para>
/// </example>
[Cmdlet(VerbsData.ConvertFrom, "TokenFactoryToken", DefaultParameterSetName = "Id")]
[OutputType(typeof(string))]
public sealed class ConvertFromTokenFactoryTokenCommand : TokenCommand
{
    private readonly List<int> _collected = [];

    /// <summary>The ids of one text.</summary>
    [Parameter(Mandatory = true, Position = 0, ParameterSetName = "Ids", ValueFromPipelineByPropertyName = true)]
    [AllowEmptyCollection]
    public int[] Ids { get; set; } = [];

    /// <summary>One id after the other, all of one text.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Id", ValueFromPipeline = true)]
    public int Id { get; set; }

    /// <summary>Shows special tokens too.</summary>
    [Parameter]
    public SwitchParameter KeepSpecial { get; set; }

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        if (ParameterSetName == "Id")
        {
            Require(Id);
            _collected.Add(Id);
            return;
        }

        foreach (int id in Ids)
        {
            Require(id);
        }

        WriteObject(Tokenizer.Decode(Ids, !KeepSpecial));
    }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        if (_collected.Count > 0)
        {
            WriteObject(Tokenizer.Decode(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_collected), !KeepSpecial));
        }
    }

    private void Require(int id)
    {
        if (Tokenizer.IdToToken(id) is null)
        {
            throw TokenizerException.UnknownId(id, Tokenizer.VocabularySize);
        }
    }
}

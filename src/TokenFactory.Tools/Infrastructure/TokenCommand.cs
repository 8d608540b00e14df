using System.Management.Automation;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Text;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Base of the cmdlets that need a model's tokenizer and nothing else of it.</summary>
public abstract class TokenCommand : TokenFactoryCommand
{
    private ModelReference? _opened;
    private Tokenizer? _tokenizer;

    /// <summary>The model: an object of Get-TokenFactoryModel, a name, a folder that has a tokenizer.json, or that file. The embedded default unless given.</summary>
    [Parameter(Position = 1, ValueFromPipelineByPropertyName = true)]
    [ModelTransformation]
    [ArgumentCompleter(typeof(ModelCompleter))]
    public ModelReference Model { get; set; } = ModelReference.Default;

    /// <summary>The model's tokenizer; loaded ones stay for the next command.</summary>
    protected Tokenizer Tokenizer
    {
        get
        {
            if (_tokenizer is null || _opened != Model)
            {
                _tokenizer = TokenizerCache.Get(Model.Path ?? Folder());
                _opened = Model;
            }

            return _tokenizer;
        }
    }

    private string Folder()
    {
        string? path = null;
        Pump((writer, token) => Task.Run(() => path = DefaultModel.Ensure(
            new ImmediateProgress(fraction => writer.Progress("Making the embedded default model", "15M random parameters, once for this user", fraction)), token).Path, token));
        return path!;
    }
}

using System.Collections;
using System.Management.Automation;
using TokenFactory.Inference.Engine;
using TokenFactory.Inference.Models;
using TokenFactory.Inference.Providers;
using TokenFactory.Inference.Text;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Base of cmdlets that generate: the model, its engine, the sampling parameters, and how a prompt is composed.</summary>
public abstract class GenerationCommand : TokenFactoryCommand
{
    private readonly List<ChatMessage> _conversation = [];
    private EngineLease? _lease;
    private PromptComposer? _composer;

    /// <summary>The model: an object of Get-TokenFactoryModel, a name, or a folder's path. Without it, the embedded default.</summary>
    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ModelTransformation]
    [ArgumentCompleter(typeof(ModelCompleter))]
    public ModelReference Model { get; set; } = ModelReference.Default;

    /// <summary>Most tokens of an answer; 0 is up to the context's end.</summary>
    [Parameter]
    [ValidateRange(0, int.MaxValue)]
    public int MaxTokens { get; set; } = 256;

    /// <summary>Samples as the model's makers recommend (Get-TokenFactoryModel shows how), where no parameter says otherwise.</summary>
    [Parameter]
    public SwitchParameter RecommendedSampling { get; set; }

    /// <summary>Temperature; 0 always takes the likeliest token.</summary>
    [Parameter]
    public float Temperature { get; set; }

    /// <summary>Only the k likeliest tokens; 0 is all.</summary>
    [Parameter]
    public int TopK { get; set; }

    /// <summary>Only the likeliest tokens that together have this probability.</summary>
    [Parameter]
    public float TopP { get; set; } = 1;

    /// <summary>Only tokens at least this share as likely as the likeliest.</summary>
    [Parameter]
    public float MinP { get; set; }

    /// <summary>Above 1 makes tokens of prompt and answer less likely to come again.</summary>
    [Parameter]
    public float RepetitionPenalty { get; set; } = 1;

    /// <summary>Subtracted from a token's logit for each time it came in the answer.</summary>
    [Parameter]
    public float FrequencyPenalty { get; set; }

    /// <summary>Subtracted from a token's logit once it came in the answer.</summary>
    [Parameter]
    public float PresencePenalty { get; set; }

    /// <summary>Added to the logits, by token id: @{ 42 = -100 } forbids token 42.</summary>
    [Parameter]
    public Hashtable LogitBias { get; set; } = [];

    /// <summary>Texts that end an answer; they are not part of it.</summary>
    [Parameter]
    public string[] StopString { get; set; } = [];

    /// <summary>Seed of the random draws: the same prompt and seed give the same answer whatever else runs.</summary>
    [Parameter]
    public ulong Seed { get; set; }

    /// <summary>Reports each token's log probability with so many of the likeliest alternatives.</summary>
    [Parameter]
    [ValidateRange(0, 100)]
    public int LogProbabilities { get; set; }

    /// <summary>Goes on past the model's end token, for measurements of an exact length.</summary>
    [Parameter]
    public SwitchParameter IgnoreEnd { get; set; }

    /// <summary>The system message of the chat template.</summary>
    [Parameter]
    public string? System { get; set; }

    /// <summary>Messages with role and content that come before the prompt.</summary>
    [Parameter]
    public object[] Message { get; set; } = [];

    /// <summary>Tools for the chat template: objects, or JSON texts.</summary>
    [Parameter]
    public object[] Tool { get; set; } = [];

    /// <summary>Continues the prompt's text itself, without the chat template.</summary>
    [Parameter]
    [Alias("NoTemplate")]
    public SwitchParameter Raw { get; set; }

    /// <summary>What runs the model.</summary>
    [Parameter]
    public ExecutionProvider Provider { get; set; }

    /// <summary>Device of the provider.</summary>
    [Parameter]
    [ValidateRange(0, 255)]
    public int DeviceId { get; set; }

    /// <summary>Memory that keys and values may take, bytes (8GB). Absent: half of what is free at load, or 1 GiB on a device whose free memory can't be read.</summary>
    [Parameter]
    [ValidateRange(1L << 20, long.MaxValue)]
    public long? KvMemoryBytes { get; set; }

    /// <summary>Lets an int4 model answer a prompt alone exactly as among others, where ONNX Runtime's kernels need a second row for it.</summary>
    [Parameter]
    public SwitchParameter Exact { get; set; }

    /// <summary>The loaded model.</summary>
    protected InferenceEngine Engine => _lease!.Engine;

    /// <summary>How tokens are chosen.</summary>
    protected SamplingOptions Sampling { get; private set; } = new();

    /// <summary>True when messages came.</summary>
    protected bool HasConversation => _conversation.Count > 0;

    /// <summary>The content of the last message.</summary>
    protected string? LastMessage => _conversation[^1].Content as string;

    /// <inheritdoc/>
    protected override void OnBegin()
    {
        foreach (object message in Message)
        {
            AddMessage(message);
        }

        Sampling = new SamplingOptions
        {
            MaxTokens = MaxTokens == 0 ? null : MaxTokens,
            Temperature = Temperature,
            TopK = TopK,
            TopP = TopP,
            MinP = MinP,
            RepetitionPenalty = RepetitionPenalty,
            FrequencyPenalty = FrequencyPenalty,
            PresencePenalty = PresencePenalty,
            LogitBias = LogitBias.Cast<DictionaryEntry>().ToDictionary(e => LanguagePrimitives.ConvertTo<int>(e.Key), e => LanguagePrimitives.ConvertTo<float>(e.Value)),
            StopStrings = StopString,
            Seed = Seed,
            IgnoreEndTokens = IgnoreEnd,
            LogProbabilities = MyInvocation.BoundParameters.ContainsKey(nameof(LogProbabilities)) ? LogProbabilities : null,
        };
        Pump((writer, token) => Task.Run(
            () =>
            {
                ModelFolder folder = Model.Open(null, new ImmediateProgress(f => writer.Progress($"Making the model {Model}", "once, into the per-user cache", f)), token);
                _lease = EngineCache.Acquire(
                    folder, new EngineOptions { Provider = Provider, DeviceId = DeviceId, KvMemoryBytes = KvMemoryBytes, Exact = Exact },
                    new ImmediateProgress(f => writer.Progress($"Loading the model {folder.Info.Name}", FormatHelpers.Bytes(folder.Info.WeightBytes), f)), token);
                if (RecommendedSampling)
                {
                    Recommend(folder.Info, writer);
                }

                writer.Verbose($"{folder.Info.Name} runs on {_lease.Engine.Provider}. {_lease.Engine.ProviderExplanation}");
                if (folder.Info.RandomWeights)
                {
                    writer.Verbose("Its weights are random: the speed is real, the text means nothing.");
                }
            },
            token));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _lease?.Dispose();
        base.Dispose(disposing);
    }

    private void Recommend(ModelInfo model, PipelineWriter writer)
    {
        if (model.RecommendedSampling is not { } makers)
        {
            writer.Warn($"{model.Name} recommends no sampling: {model.Unavailable.GetValueOrDefault(nameof(ModelInfo.RecommendedSampling), "its files do not say")}. The parameters' own defaults hold.");
            return;
        }

        Sampling = Sampling with
        {
            Temperature = Given(nameof(Temperature)) ? Temperature : makers.Temperature,
            TopK = Given(nameof(TopK)) ? TopK : makers.TopK ?? TopK,
            TopP = Given(nameof(TopP)) ? TopP : makers.TopP ?? TopP,
            MinP = Given(nameof(MinP)) ? MinP : makers.MinP ?? MinP,
            RepetitionPenalty = Given(nameof(RepetitionPenalty)) ? RepetitionPenalty : makers.RepetitionPenalty ?? RepetitionPenalty,
        };
        writer.Verbose($"{makers.Source} recommends {makers}.");

        bool Given(string name) => MyInvocation.BoundParameters.ContainsKey(name);
    }

    /// <summary>True when an input is a text and not a message.</summary>
    /// <param name="item">The input.</param>
    /// <param name="text">The text.</param>
    protected static bool TryText(object item, out string text)
    {
        object value = item is PSObject wrapped ? wrapped.BaseObject : item;
        text = value as string ?? "";
        return value is string;
    }

    /// <summary>Adds a message to the conversation.</summary>
    /// <param name="item">An object with role and content.</param>
    protected void AddMessage(object item) => _conversation.Add(PlainValues.Message(item));

    /// <summary>The tokens of a prompt: through the chat template unless -Raw or the model has none.</summary>
    /// <param name="text">The user's text; null when the conversation is all.</param>
    protected int[] Compose(string? text)
    {
        _composer ??= new PromptComposer(Engine);
        bool chat = System is not null || _conversation.Count > 0 || Tool.Length > 0;
        if (!chat && (Raw || !_composer.HasTemplate))
        {
            return _composer.Raw(text ?? "");
        }

        List<ChatMessage> messages = [];
        if (System is not null)
        {
            messages.Add(new ChatMessage("system", System));
        }

        messages.AddRange(_conversation);
        if (text is not null)
        {
            messages.Add(new ChatMessage("user", text));
        }

        return _composer.Chat(messages, [.. Tool.Select(PlainValues.Tool)], StopToken);
    }
}

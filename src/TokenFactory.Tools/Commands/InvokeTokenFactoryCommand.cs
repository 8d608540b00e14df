using System.Management.Automation;
using TokenFactory.Inference.Engine;
using TokenFactory.Tools.Infrastructure;

namespace TokenFactory.Tools.Commands;

/// <summary>Generates tokens: continues prompts with a language model on this machine.</summary>
/// <remarks>
/// Prompts run together on one loaded model and results come as they finish, each with its prompt, usage and timings. A prompt that fails
/// is one error; the others go on. With a chat template in the model's folder a prompt is the user's message; -Raw continues the text itself.
/// Without -Model the embedded default is used, which is made on first use and has random weights: its speed is real, its text means nothing.
/// The model stays loaded for the next command until Clear-TokenFactoryModel.
/// </remarks>
/// <example>
/// <code>Invoke-TokenFactory 'What is a token?' -MaxTokens 16</code>
/// <para>Continues a prompt with the embedded default model.</para>
/// </example>
/// <example>
/// <code>'one', 'two', 'three' | Invoke-TokenFactory -Concurrency 3 -MaxTokens 8 | Sort-Object Index | Format-Table Prompt, OutputTokens, TpotSeconds</code>
/// <para>Runs three prompts in one batch and sorts the results, which come as they finish, into the prompts' order.</para>
/// </example>
/// <example>
/// <code>Invoke-TokenFactory 'Once upon a time' -Temperature 0.8 -TopP 0.95 -Seed 7 -MaxTokens 16 -Stream | ForEach-Object Text</code>
/// <para>Streams a sampled answer piece by piece; the same seed gives the same answer again.</para>
/// </example>
[Cmdlet(VerbsLifecycle.Invoke, "TokenFactory")]
[OutputType(typeof(GenerationResult), typeof(PromptFragment))]
public sealed class InvokeTokenFactoryCommand : GenerationCommand
{
    private PromptBatch? _batch;
    private int _index;

    /// <summary>Texts, or messages with role and content, which together are one conversation.</summary>
    [Parameter(Position = 0, ValueFromPipeline = true)]
    [ValidateNotNull]
    public object[] Prompt { get; set; } = [];

    /// <summary>Prompts that run at once.</summary>
    [Parameter]
    [ValidateRange(1, 1024)]
    public int Concurrency { get; set; } = 8;

    /// <summary>Gives every piece of an answer as it comes, and the result at its end.</summary>
    [Parameter]
    public SwitchParameter Stream { get; set; }

    /// <summary>Answers to each prompt; each has the seed after the one before.</summary>
    [Parameter]
    [Alias("N")]
    [ValidateRange(1, 1024)]
    public int Count { get; set; } = 1;

    /// <summary>Higher goes first while prompts wait; none waits for ever.</summary>
    [Parameter]
    public int Priority { get; set; }

    /// <inheritdoc/>
    protected override void OnBegin()
    {
        base.OnBegin();
        _batch = new PromptBatch(Engine, Concurrency, Stream);
    }

    /// <inheritdoc/>
    protected override void OnRecord()
    {
        foreach (object item in Prompt)
        {
            if (TryText(item, out string text))
            {
                Enqueue(Compose(text), text);
            }
            else
            {
                AddMessage(item);
            }
        }
    }

    /// <inheritdoc/>
    protected override void OnEnd()
    {
        if (HasConversation && _index == 0)
        {
            Enqueue(Compose(null), LastMessage);
        }

        _batch!.Complete();
        Pump(async (writer, token) =>
        {
            await foreach (PromptOutcome outcome in _batch.Outcomes.ReadAllAsync(token).ConfigureAwait(false))
            {
                Show(writer, outcome);
            }
        });
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        _batch?.Dispose();
        base.Dispose(disposing);
    }

    private void Enqueue(int[] tokens, string? text)
    {
        int index = _index++;
        Pump(async (writer, token) =>
        {
            for (int choice = 0; choice < Count; choice++)
            {
                var request = new GenerationRequest
                {
                    InputTokens = tokens,
                    Prompt = text,
                    Priority = Priority,
                    Sampling = Sampling with { Seed = unchecked(Sampling.Seed + (ulong)choice) },
                };
                await _batch!.AddAsync(index, choice, request, StopToken).ConfigureAwait(false);
                while (_batch.Outcomes.TryRead(out PromptOutcome? outcome))
                {
                    Show(writer, outcome);
                }
            }
        });
    }

    private int _done;

    private void Show(PipelineWriter writer, PromptOutcome outcome)
    {
        if (outcome.Failure is { } failure)
        {
            writer.Fail(failure, outcome.Request.Prompt);
        }
        else if (outcome.Fragment is { } fragment)
        {
            writer.Write(fragment);
        }
        else if (outcome.Result is { FinishReason: not FinishReason.Cancelled } result)
        {
            writer.Write(result);
        }

        if (outcome.Fragment is null)
        {
            int done = ++_done;
            int all = _index * Count;
            if (all > 1)
            {
                writer.Progress($"Running {Engine.Model.Name}", $"{done} of {all} done", (double)done / all);
            }
        }
    }
}

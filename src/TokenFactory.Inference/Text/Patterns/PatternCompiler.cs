using TokenFactory.Inference.Text.Characters;

namespace TokenFactory.Inference.Text.Patterns;

internal enum Operation
{
    Accept,
    One,
    Jump,

    /// <summary>Try <c>A</c>, later <c>B</c>.</summary>
    Split,

    /// <summary>When the next character is of <c>Set</c>, go on and later try <c>A</c>; else go to <c>A</c> at once.</summary>
    Guard,

    /// <summary>At least <c>A</c> and at most <c>B</c> of <c>Set</c>, as many as there are, giving back one at a time.</summary>
    Loop,

    /// <summary>As <see cref="Loop"/>, never giving back.</summary>
    PossessiveLoop,
    Save,
    ClearProgress,

    /// <summary>Fails when no character was consumed since the register <c>A</c> was set.</summary>
    RequireProgress,
    Atomic,
    LookAhead,
    NotLookAhead,
    LookBehind,
    NotLookBehind,
    Anchor,
    Backreference,
}

internal readonly record struct Instruction(Operation Operation, int A, int B, CodePointSet? Set);

/// <summary>Lays a pattern's tree out as instructions for the matcher.</summary>
internal sealed class PatternCompiler
{
    private const int ProgramLimit = 20_000;

    private readonly List<Instruction> _program = [];
    private readonly bool _captures;

    private PatternCompiler(int groups, bool captures)
    {
        _captures = captures;
        Registers = (groups + 1) * 2;
    }

    public int Registers { get; private set; }

    public static (Instruction[] Program, int Registers, CodePointSet? First) Compile(PatternNode node, int groups, bool captures)
    {
        var compiler = new PatternCompiler(groups, captures);
        compiler.Emit(node);
        compiler.Add(Operation.Accept);
        return ([.. compiler._program], compiler.Registers, First(node));
    }

    /// <summary>What a match may begin with; null when it may be empty or that isn't known.</summary>
    private static CodePointSet? First(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.One one:
                return one.Set;
            case PatternNode.Group group:
                return First(group.Body);
            case PatternNode.Atomic atomic:
                return First(atomic.Body);
            case PatternNode.Repeat { Min: > 0 } repeat:
                return First(repeat.Body);
            case PatternNode.Choice choice:
                var sets = new List<CodePointSet>();
                foreach (PatternNode part in choice.Parts)
                {
                    if (First(part) is not { } set)
                    {
                        return null;
                    }

                    sets.Add(set);
                }

                return CodePointSet.Union(sets);
            case PatternNode.Sequence sequence:
                var optional = new List<CodePointSet>();
                foreach (PatternNode part in sequence.Parts)
                {
                    if (First(part) is { } set)
                    {
                        optional.Add(set);
                        return CodePointSet.Union(optional);
                    }

                    if (part is PatternNode.Repeat { Min: 0 } repeat && First(repeat.Body) is { } may)
                    {
                        optional.Add(may);
                    }
                    else if (part is not (PatternNode.Look or PatternNode.Anchor or PatternNode.Empty))
                    {
                        return null;
                    }
                }

                return null;
            default:
                return null;
        }
    }

    /// <summary>The most characters that a match can have.</summary>
    private static int Widest(PatternNode node) => node switch
    {
        PatternNode.One => 1,
        PatternNode.Group group => Widest(group.Body),
        PatternNode.Atomic atomic => Widest(atomic.Body),
        PatternNode.Choice choice => choice.Parts.Max(Widest),
        PatternNode.Sequence sequence => (int)Math.Min(int.MaxValue, sequence.Parts.Sum(p => (long)Widest(p))),
        PatternNode.Repeat repeat => repeat.Max < 0 ? int.MaxValue : (int)Math.Min(int.MaxValue, (long)Widest(repeat.Body) * repeat.Max),
        PatternNode.Backreference => int.MaxValue,
        _ => 0,
    };

    private int Add(Operation operation, int a = 0, int b = 0, CodePointSet? set = null)
    {
        if (_program.Count >= ProgramLimit)
        {
            throw new PatternException("the pattern's repetitions are too large", unsupported: true);
        }

        _program.Add(new Instruction(operation, a, b, set));
        return _program.Count - 1;
    }

    private void Patch(int at, int a) => _program[at] = _program[at] with { A = a };

    private void Emit(PatternNode node)
    {
        switch (node)
        {
            case PatternNode.One one:
                Add(Operation.One, set: one.Set);
                break;
            case PatternNode.Sequence sequence:
                foreach (PatternNode part in sequence.Parts)
                {
                    Emit(part);
                }

                break;
            case PatternNode.Choice choice:
                EmitChoice(choice);
                break;
            case PatternNode.Repeat repeat:
                EmitRepeat(repeat);
                break;
            case PatternNode.Group group when _captures:
                Add(Operation.Save, group.Index * 2);
                Emit(group.Body);
                Add(Operation.Save, (group.Index * 2) + 1);
                break;
            case PatternNode.Group group:
                Emit(group.Body);
                break;
            case PatternNode.Atomic atomic:
                Nested(Operation.Atomic, atomic.Body);
                break;
            case PatternNode.Look { Behind: true } look:
                int behind = Add(look.Negative ? Operation.NotLookBehind : Operation.LookBehind, b: Widest(look.Body));
                Emit(look.Body);
                Add(Operation.Anchor, (int)AnchorKind.TextEnd);
                Add(Operation.Accept);
                Patch(behind, _program.Count);
                break;
            case PatternNode.Look look:
                Nested(look.Negative ? Operation.NotLookAhead : Operation.LookAhead, look.Body);
                break;
            case PatternNode.Anchor anchor:
                Add(Operation.Anchor, (int)anchor.Kind);
                break;
            case PatternNode.Backreference reference:
                if ((reference.Index * 2) + 1 >= Registers)
                {
                    throw new PatternException("the pattern refers to a group that it does not have");
                }

                Add(Operation.Backreference, reference.Index * 2);
                break;
        }
    }

    private void Nested(Operation operation, PatternNode body)
    {
        int at = Add(operation);
        Emit(body);
        Add(Operation.Accept);
        Patch(at, _program.Count);
    }

    private void EmitChoice(PatternNode.Choice choice)
    {
        var ends = new List<int>();
        for (int i = 0; i < choice.Parts.Count; i++)
        {
            bool last = i == choice.Parts.Count - 1;
            int split = -1;
            if (!last)
            {
                CodePointSet? first = First(choice.Parts[i]);
                split = first is null ? Add(Operation.Split, _program.Count + 1) : Add(Operation.Guard, set: first);
            }

            Emit(choice.Parts[i]);
            if (!last)
            {
                ends.Add(Add(Operation.Jump));
                int next = _program.Count;
                _program[split] = _program[split].Operation == Operation.Split ? _program[split] with { B = next } : _program[split] with { A = next };
            }
        }

        foreach (int end in ends)
        {
            Patch(end, _program.Count);
        }
    }

    private void EmitRepeat(PatternNode.Repeat repeat)
    {
        int max = repeat.Max < 0 ? int.MaxValue : repeat.Max;
        if (repeat.Body is PatternNode.One one && repeat.Mode != RepeatMode.Lazy)
        {
            Add(repeat.Mode == RepeatMode.Greedy ? Operation.Loop : Operation.PossessiveLoop, repeat.Min, max, one.Set);
            return;
        }

        if (repeat.Mode == RepeatMode.Possessive)
        {
            Nested(Operation.Atomic, repeat with { Mode = RepeatMode.Greedy });
            return;
        }

        for (int i = 0; i < repeat.Min; i++)
        {
            Emit(repeat.Body);
        }

        bool lazy = repeat.Mode == RepeatMode.Lazy;
        if (repeat.Max < 0)
        {
            int progress = Registers++;
            int split = Split(lazy);
            Add(Operation.ClearProgress, progress);
            Emit(repeat.Body);
            Add(Operation.RequireProgress, progress);
            Add(Operation.Jump, split);
            PatchExit(split, lazy);
            return;
        }

        var exits = new List<int>();
        for (int i = repeat.Min; i < repeat.Max; i++)
        {
            exits.Add(Split(lazy));
            Emit(repeat.Body);
        }

        foreach (int exit in exits)
        {
            PatchExit(exit, lazy);
        }
    }

    private int Split(bool lazy)
    {
        int next = _program.Count + 1;
        return lazy ? Add(Operation.Split, 0, next) : Add(Operation.Split, next);
    }

    private void PatchExit(int split, bool lazy) =>
        _program[split] = lazy ? _program[split] with { A = _program.Count } : _program[split] with { B = _program.Count };
}

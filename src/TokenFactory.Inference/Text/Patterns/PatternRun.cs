using TokenFactory.Inference.Text.Characters;

namespace TokenFactory.Inference.Text.Patterns;

/// <summary>One scan of a text by a pattern: successive matches, left to right, by backtracking with a bounded number of steps.</summary>
internal ref struct PatternRun
{
    private const long StepsAtLeast = 20_000_000;
    private const int StepsPerCharacter = 200;
    private const int StackLimit = 12_000_000;

    private readonly TokenPattern _pattern;
    private readonly ReadOnlySpan<char> _text;
    private readonly int[] _registers;
    private int[] _stack = new int[64];
    private int _top;
    private long _steps;
    private int _next;
    private int _lastEnd = -1;

    public PatternRun(TokenPattern pattern, ReadOnlySpan<char> text)
    {
        _pattern = pattern;
        _text = text;
        _registers = new int[pattern.Registers];
        _steps = StepsAtLeast + ((long)StepsPerCharacter * text.Length);
    }

    /// <summary>The next match. An empty match right after the last one is passed over.</summary>
    /// <exception cref="PatternException">The step limit was reached.</exception>
    public bool Next(out int start, out int end)
    {
        while (_next <= _text.Length && Search(_next, out start, out end))
        {
            if (start == end && end == _lastEnd)
            {
                _next += _next < _text.Length ? Width(_next) : 1;
                continue;
            }

            _next = end;
            _lastEnd = end;
            return true;
        }

        start = end = 0;
        return false;
    }

    private bool Search(int from, out int start, out int end)
    {
        CodePointSet? first = _pattern.First;
        for (start = from; start <= _text.Length; start += start < _text.Length ? Width(start) : 1)
        {
            if (first is not null && (start == _text.Length || !first.Contains(CodePoint(start, out _))))
            {
                continue;
            }

            _top = 0;
            if (_registers.Length > 2)
            {
                Array.Fill(_registers, -1);
            }

            end = Run(0, start);
            if (end >= 0)
            {
                return true;
            }
        }

        end = 0;
        return false;
    }

    private readonly int Width(int at) => char.IsHighSurrogate(_text[at]) && at + 1 < _text.Length && char.IsLowSurrogate(_text[at + 1]) ? 2 : 1;

    private readonly int CodePoint(int at, out int width)
    {
        char c = _text[at];
        if (char.IsHighSurrogate(c) && at + 1 < _text.Length && char.IsLowSurrogate(_text[at + 1]))
        {
            width = 2;
            return char.ConvertToUtf32(c, _text[at + 1]);
        }

        width = 1;
        return c;
    }

    private readonly int Before(int at) =>
        at >= 2 && char.IsLowSurrogate(_text[at - 1]) && char.IsHighSurrogate(_text[at - 2]) ? at - 2 : at - 1;

    private readonly bool IsWord(int at) => at >= 0 && at < _text.Length && CharacterClasses.Word.Contains(CodePoint(at, out _));

    private void Push(int kind, int a, int b)
    {
        if (_top + 3 > _stack.Length)
        {
            if (_stack.Length >= StackLimit)
            {
                throw new PatternException("the pattern keeps too many ways open on this text");
            }

            Array.Resize(ref _stack, _stack.Length * 2);
        }

        _stack[_top++] = a;
        _stack[_top++] = b;
        _stack[_top++] = kind;
    }

    // Frames: kind >= 0 is an instruction to resume at with position a; b >= 0 is the lowest position of a loop that can give back.
    // kind < 0 restores register ~kind to a.
    private bool Backtrack(int floor, out int instruction, out int position)
    {
        while (_top > floor)
        {
            int kind = _stack[_top - 1];
            int b = _stack[_top - 2];
            int a = _stack[_top - 3];
            if (kind < 0)
            {
                _registers[~kind] = a;
                _top -= 3;
                continue;
            }

            instruction = kind;
            position = a;
            if (b < 0)
            {
                _top -= 3;
                return true;
            }

            position = Before(a);
            if (position <= b)
            {
                _top -= 3;
            }
            else
            {
                _stack[_top - 3] = position;
            }

            return true;
        }

        instruction = position = 0;
        return false;
    }

    /// <summary>Runs from an instruction to its Accept; the end of the match or -1.</summary>
    private int Run(int pc, int at)
    {
        int floor = _top;
        Instruction[] program = _pattern.Program;
        while (true)
        {
            if (--_steps < 0)
            {
                throw new PatternException("the pattern takes too many steps on this text");
            }

            ref readonly Instruction i = ref program[pc];
            bool ok = true;
            switch (i.Operation)
            {
                case Operation.Accept:
                    // What was kept open inside is abandoned; register changes stay undoable for the outer match.
                    KeepUndo(floor);
                    return at;
                case Operation.One:
                    ok = at < _text.Length && i.Set!.Contains(CodePoint(at, out int width)) && (at += width) > 0;
                    pc++;
                    break;
                case Operation.Jump:
                    pc = i.A;
                    break;
                case Operation.Split:
                    Push(i.B, at, -1);
                    pc = i.A;
                    break;
                case Operation.Guard:
                    if (at < _text.Length && i.Set!.Contains(CodePoint(at, out _)))
                    {
                        Push(i.A, at, -1);
                        pc++;
                    }
                    else
                    {
                        pc = i.A;
                    }

                    break;
                case Operation.Loop or Operation.PossessiveLoop:
                    ok = Loop(in i, ref at, pc + 1);
                    pc++;
                    break;
                case Operation.Save or Operation.ClearProgress:
                    Push(~i.A, _registers[i.A], -1);
                    _registers[i.A] = at;
                    pc++;
                    break;
                case Operation.RequireProgress:
                    ok = _registers[i.A] != at;
                    pc++;
                    break;
                case Operation.Atomic:
                    int end = Run(pc + 1, at);
                    ok = end >= 0;
                    at = end;
                    pc = i.A;
                    break;
                case Operation.LookAhead or Operation.NotLookAhead:
                    ok = Run(pc + 1, at) >= 0 == (i.Operation == Operation.LookAhead);
                    pc = i.A;
                    break;
                case Operation.LookBehind or Operation.NotLookBehind:
                    ok = Behind(pc + 1, at, i.B) == (i.Operation == Operation.LookBehind);
                    pc = i.A;
                    break;
                case Operation.Anchor:
                    ok = Anchored((AnchorKind)i.A, at);
                    pc++;
                    break;
                default:
                    ok = Repeats(i.A, ref at);
                    pc++;
                    break;
            }

            if (!ok && !Backtrack(floor, out pc, out at))
            {
                return -1;
            }
        }
    }

    private bool Loop(ref readonly Instruction i, ref int at, int next)
    {
        CodePointSet set = i.Set!;
        int count = 0;
        int lowest = i.A == 0 ? at : -1;
        while (count < i.B && at < _text.Length && set.Contains(CodePoint(at, out int width)))
        {
            at += width;
            if (++count == i.A)
            {
                lowest = at;
            }
        }

        _steps -= count >> 2;
        if (count < i.A)
        {
            return false;
        }

        if (i.Operation == Operation.Loop && at > lowest)
        {
            Push(next, at, lowest);
        }

        return true;
    }

    private void KeepUndo(int floor)
    {
        int kept = floor;
        for (int f = floor; f < _top; f += 3)
        {
            if (_stack[f + 2] < 0)
            {
                _stack.AsSpan(f, 3).CopyTo(_stack.AsSpan(kept));
                kept += 3;
            }
        }

        _top = kept;
    }

    // The text is cut where the look-behind is asked, and its instructions end with an end-of-text anchor.
    private bool Behind(int pc, int at, int widest)
    {
        var cut = new PatternRun(_pattern, _text[..at]) { _steps = _steps };
        _registers.CopyTo(cut._registers, 0);
        bool found = false;
        for (int start = at; start >= 0 && widest >= 0 && !found; start = Before(start), widest--)
        {
            cut._top = 0;
            found = cut.Run(pc, start) >= 0;
        }

        _steps = cut._steps;
        return found;
    }

    private readonly bool Anchored(AnchorKind kind, int at) => kind switch
    {
        AnchorKind.LineStart => at == 0 || (_text[at - 1] == '\n' && at < _text.Length),
        AnchorKind.LineEnd => at == _text.Length || _text[at] == '\n',
        AnchorKind.TextStart => at == 0,
        AnchorKind.TextEnd => at == _text.Length,
        AnchorKind.TextEndOrLastNewline => at == _text.Length || (at == _text.Length - 1 && _text[at] == '\n'),
        AnchorKind.WordBoundary => IsWord(Before(at)) != IsWord(at),
        _ => IsWord(Before(at)) == IsWord(at),
    };

    private readonly bool Repeats(int register, ref int at)
    {
        int from = _registers[register];
        int to = _registers[register + 1];
        if (from < 0 || to < from || !_text[at..].StartsWith(_text[from..to]))
        {
            return false;
        }

        at += to - from;
        return true;
    }
}

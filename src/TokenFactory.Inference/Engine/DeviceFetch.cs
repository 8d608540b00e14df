using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace TokenFactory.Inference.Engine;

/// <summary>Runs one small graph over rows of the logits and brings its outputs to the host.</summary>
/// <remarks>
/// Rows are asked for one by one, in order. The rows that were asked for in the step before are fetched together with the first one, so a
/// steady batch costs one run a step. Bindings are kept for each count of rows.
/// </remarks>
internal sealed unsafe class DeviceFetch : IDisposable
{
    private readonly InferenceSession _session;
    private readonly OrtValue _logits;
    private readonly (string Name, TensorElementType Type, int Width)[] _outputs;
    private readonly NativeBuffer[] _results;
    private readonly NativeBuffer _rows;
    private readonly Bound?[] _bound;
    private readonly bool _rowsCopied;
    private readonly int[] _position;
    private readonly RunOptions _run = new();
    private bool[] _wanted;
    private bool[] _wantedBefore;
    private int _firstRow;
    private int _endRow;
    private bool _decode;

    /// <summary>Makes a fetch.</summary>
    /// <param name="session">The small graph; owned from here on.</param>
    /// <param name="logits">The logits, <c>[rows, vocabulary]</c>; not owned.</param>
    /// <param name="logitRows">Their rows.</param>
    /// <param name="mostRows">Most rows of one run.</param>
    /// <param name="outputs">The graph's outputs: <c>[n]</c>, or <c>[n, width]</c> when wider than 1.</param>
    public DeviceFetch(InferenceSession session, OrtValue logits, int logitRows, int mostRows, params (string Name, TensorElementType Type, int Width)[] outputs)
    {
        _session = session;
        _logits = logits;
        _outputs = outputs;
        _results = [.. outputs.Select(o => new NativeBuffer((long)mostRows * o.Width * NativeBuffer.ElementSize(o.Type)))];
        _rows = new NativeBuffer(8L * mostRows);
        _bound = new Bound?[mostRows + 1];
        _position = new int[logitRows];
        _wanted = new bool[logitRows];
        _wantedBefore = new bool[logitRows];
        RowBytes = outputs.Sum(o => (long)o.Width * NativeBuffer.ElementSize(o.Type));
        using IDisposableReadOnlyCollection<OrtMemoryInfo> places = session.GetMemoryInfosForInputs();
        _rowsCopied = DevicePlacement.OnDevice(places[session.InputNames.ToList().IndexOf("rows")]);
    }

    /// <summary>Bytes that a row brings to the host.</summary>
    public long RowBytes { get; }

    /// <summary>Rows that were brought.</summary>
    public long FetchedRows { get; private set; }

    /// <summary>Bytes of row numbers that were copied to the device.</summary>
    public long CopiedBytes { get; private set; }

    /// <summary>Forgets what was fetched: the logits are another run's.</summary>
    /// <param name="decode">True after a decode step.</param>
    /// <param name="first">First row of the logits that was written.</param>
    /// <param name="count">How many were.</param>
    public void Begin(bool decode, int first, int count)
    {
        _decode = decode;
        _firstRow = first;
        _endRow = first + count;
        Array.Fill(_position, -1);
        if (decode)
        {
            (_wanted, _wantedBefore) = (_wantedBefore, _wanted);
            Array.Clear(_wanted);
        }
    }

    /// <summary>Brings a row.</summary>
    /// <param name="row">Row of the logits.</param>
    /// <returns>Its place in <see cref="Result"/>.</returns>
    public int Row(int row)
    {
        if (_decode)
        {
            _wanted[row] = true;
        }

        if (_position[row] >= 0)
        {
            return _position[row];
        }

        // Rows below were asked for already: their places may be taken.
        Array.Fill(_position, -1);
        long* rows = (long*)_rows.Pointer;
        int count = 0;
        for (int i = row; i < _endRow; i++)
        {
            if (i == row || (_decode && i >= _firstRow && _wantedBefore[i] && count + 1 < _bound.Length))
            {
                _position[i] = count;
                rows[count++] = i;
            }
        }

        Bound bound = _bound[count] ??= Bind(count);
        var wanted = new ReadOnlySpan<long>(rows, count);
        if (_rowsCopied && !wanted.SequenceEqual(bound.Last))
        {
            bound.Binding.BindInput("rows", bound.Rows);
            wanted.CopyTo(bound.Last);
            CopiedBytes += 8L * count;
        }

        _session.RunWithBinding(_run, bound.Binding);
        FetchedRows += count;
        return _position[row];
    }

    /// <summary>An output's memory, rows one after the other.</summary>
    public byte* Result(int output) => _results[output].Pointer;

    public void Dispose()
    {
        foreach (Bound? bound in _bound)
        {
            bound?.Dispose();
        }

        _run.Dispose();
        _session.Dispose();
        _rows.Dispose();
        foreach (NativeBuffer result in _results)
        {
            result.Dispose();
        }
    }

    private Bound Bind(int count)
    {
        var bound = new Bound(_session.CreateIoBinding(), _rows.View(TensorElementType.Int64, [count]), count);
        bound.Binding.BindInput("logits", _logits);
        if (!_rowsCopied)
        {
            bound.Binding.BindInput("rows", bound.Rows);
        }

        for (int i = 0; i < _outputs.Length; i++)
        {
            OrtValue result = _results[i].View(_outputs[i].Type, _outputs[i].Width == 1 ? [count] : [count, _outputs[i].Width]);
            bound.Results.Add(result);
            bound.Binding.BindOutput(_outputs[i].Name, result);
        }

        return bound;
    }

    private sealed class Bound(OrtIoBinding binding, OrtValue rows, int count) : IDisposable
    {
        public OrtIoBinding Binding { get; } = binding;

        public OrtValue Rows { get; } = rows;

        public List<OrtValue> Results { get; } = [];

        /// <summary>The rows that the device has; none at first.</summary>
        public long[] Last { get; } = [.. Enumerable.Repeat(-1L, count)];

        public void Dispose()
        {
            Binding.Dispose();
            Rows.Dispose();
            Results.ForEach(r => r.Dispose());
        }
    }
}

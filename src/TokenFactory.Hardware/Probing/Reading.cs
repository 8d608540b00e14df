namespace TokenFactory.Hardware.Probing;

/// <summary>A value, or the reason why there is none.</summary>
internal readonly record struct Reading<T>(T? Value, string? Reason)
{
    public bool Ok => Reason is null;

    public static Reading<T> Of(T value) => new(value, null);

    public static Reading<T> None(string reason) => new(default, reason);

    public Reading<TOut> Select<TOut>(Func<T, TOut> map) =>
        Ok ? Reading<TOut>.Of(map(Value!)) : Reading<TOut>.None(Reason!);

    public Reading<TOut> Then<TOut>(Func<T, Reading<TOut>> map) => Ok ? map(Value!) : Reading<TOut>.None(Reason!);

    public Reading<T> Or(Func<Reading<T>> other) => Ok ? this : other();
}

/// <summary>Collects why fields have no value while a device is read.</summary>
internal sealed class FieldLog
{
    private readonly SortedDictionary<string, string> _reasons = new(StringComparer.Ordinal);

    public IReadOnlyDictionary<string, string> Reasons => _reasons;

    public T? Number<T>(string field, Reading<T> reading)
        where T : struct
    {
        if (reading.Ok)
        {
            return reading.Value;
        }

        _reasons[field] = reading.Reason!;
        return null;
    }

    public T? Object<T>(string field, Reading<T> reading)
        where T : class
    {
        if (!reading.Ok)
        {
            _reasons[field] = reading.Reason!;
        }

        return reading.Value;
    }

    public void Missing(string reason, params ReadOnlySpan<string> fields)
    {
        foreach (string field in fields)
        {
            _reasons[field] = reason;
        }
    }
}

using System.Collections;
using System.Globalization;
using System.Management.Automation;
using TokenFactory.Core;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>
/// Takes operating points as such, as anything that has one (a measurement's <c>OperatingPoint</c>), or as a row of figures with at least
/// <c>OutputTokensPerSecondPerAccelerator</c>, for example of Import-Csv.
/// </summary>
/// <remarks>What is none of these passes unchanged, so that the binder can try it on another parameter.</remarks>
[AttributeUsage(AttributeTargets.Property)]
public sealed class OperatingPointTransformationAttribute : ArgumentTransformationAttribute
{
    private const string Throughput = nameof(OperatingPoint.OutputTokensPerSecondPerAccelerator);

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped && wrapped.BaseObject is not PSCustomObject ? wrapped.BaseObject : inputData;
        if (value is IEnumerable items and not string and not IDictionary)
        {
            OperatingPoint?[] points = [.. items.Cast<object>().Select(One)];
            return points.Length > 0 && Array.TrueForAll(points, p => p is not null) ? points : inputData;
        }

        return One(inputData) is { } point ? new[] { point } : inputData;
    }

    private static OperatingPoint? One(object? item)
    {
        object? value = item is PSObject { BaseObject: OperatingPoint or IDictionary } wrapped ? wrapped.BaseObject : item;
        switch (value)
        {
            case null or string:
                return null;
            case OperatingPoint point:
                return point;
            case IDictionary row:
                return row.Contains(Throughput) ? FromRow(key => row[key]) : null;
        }

        PSObject bag = PSObject.AsPSObject(value);
        object? inner = bag.Properties[nameof(OperatingPoint)]?.Value;
        if ((inner is PSObject own ? own.BaseObject : inner) is OperatingPoint held)
        {
            return held;
        }

        return bag.Properties[Throughput] is not null ? FromRow(key => bag.Properties[key]?.Value) : null;
    }

    private static OperatingPoint FromRow(Func<string, object?> row)
    {
        try
        {
            return Read(row);
        }
        catch (TokenFactoryException e)
        {
            return new UnreadPoint(e);
        }
    }

    private static TokenFactoryException Invalid(string message, object? target) => new("OperatingPointInvalid", FailureKind.InvalidInput, message, target);

    private static OperatingPoint Read(Func<string, object?> row) => new()
    {
        Model = Text(row, nameof(OperatingPoint.Model)),
        Accelerator = Text(row, nameof(OperatingPoint.Accelerator)),
        Precision = Text(row, nameof(OperatingPoint.Precision)),
        Parallelism = Text(row, nameof(OperatingPoint.Parallelism)),
        Batch = Number(row, nameof(OperatingPoint.Batch)),
        Interactivity = Number(row, nameof(OperatingPoint.Interactivity)),
        OutputTokensPerSecondPerAccelerator = Number(row, Throughput)
            ?? throw Invalid($"An operating point needs {Throughput} as a number.", null),
        InputTokensPerSecondPerAccelerator = Number(row, nameof(OperatingPoint.InputTokensPerSecondPerAccelerator)),
        TtftSeconds = Number(row, nameof(OperatingPoint.TtftSeconds)),
        PowerWattsPerAccelerator = Number(row, nameof(OperatingPoint.PowerWattsPerAccelerator)),
        SourceDetail = Text(row, nameof(OperatingPoint.SourceDetail)),
        Source = Enum.TryParse(Text(row, nameof(OperatingPoint.Source)), ignoreCase: true, out FigureSource source) ? source : FigureSource.Declared,
    };

    private static string? Text(Func<string, object?> row, string key)
    {
        string? text = Convert.ToString(row(key), CultureInfo.InvariantCulture)?.Trim();
        return string.IsNullOrEmpty(text) ? null : text;
    }

    private static double? Number(Func<string, object?> row, string key)
    {
        string? text = Text(row, key);
        return text is null ? null : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? number
            : throw Invalid($"{key} wants a number in base units; got '{text}'.", text);
    }
}

using System.Globalization;
using System.Management.Automation;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Takes a time as a TimeSpan, as seconds (30), or as text with a unit ('500 ms', '30s', '5m', '1h').</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class DurationTransformationAttribute : ArgumentTransformationAttribute
{
    private static readonly (string Unit, double Seconds)[] s_units =
        [("ms", 0.001), ("sec", 1), ("min", 60), ("s", 1), ("m", 60), ("h", 3600)];

    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        double seconds = value switch
        {
            TimeSpan => 0,
            // PowerShell reads a bare 30s as the short number 30.
            short or byte or sbyte or ushort or uint or ulong or int or long or double or float or decimal => Convert.ToDouble(value, CultureInfo.InvariantCulture),
            string text => Seconds(text),
            _ => double.NaN,
        };
        return value is TimeSpan ? value
            : seconds is >= 0 and <= 1e9 ? TimeSpan.FromSeconds(seconds)
            : throw new ArgumentTransformationMetadataException($"'{inputData}' is no time. Give seconds, or a number with a unit such as 500ms, 30s, 5m or 1h.");
    }

    private static double Seconds(string text)
    {
        string trimmed = text.Trim();
        if (trimmed.Contains(':') && TimeSpan.TryParse(trimmed, CultureInfo.InvariantCulture, out TimeSpan span))
        {
            return span.TotalSeconds;
        }

        double factor = 1;
        foreach ((string unit, double seconds) in s_units)
        {
            if (trimmed.EndsWith(unit, StringComparison.OrdinalIgnoreCase))
            {
                factor = seconds;
                trimmed = trimmed[..^unit.Length].TrimEnd();
                break;
            }
        }

        return double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number * factor : double.NaN;
    }
}

using System.Globalization;
using System.Management.Automation;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Takes output tokens a day as a number or as a person writes them: <c>50 Mtok/day</c>, <c>50M</c>, <c>1.2 Gtok</c>.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class TokensPerDayTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is not string text)
        {
            return value;
        }

        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
        {
            return number;
        }

        if (QuantityParser.TryParse(text, Dimension.TokensPerDay, out Estimate estimate, out _, out string? error)
            || QuantityParser.TryParse(text, Dimension.Tokens, out estimate, out _, out _))
        {
            return estimate.Value;
        }

        throw new ArgumentTransformationMetadataException($"Tokens a day {error}");
    }
}

using System.Globalization;
using System.Management.Automation;
using TokenFactory.Core.Quantities;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Takes a share as a number (0.2) or as a person writes it ('20 %').</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RatioTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is not string text || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _))
        {
            return value;
        }

        try
        {
            return QuantityParser.Parse(text, Dimension.Ratio).Value;
        }
        catch (QuantityException e)
        {
            throw new ArgumentTransformationMetadataException(e.Message, e);
        }
    }
}

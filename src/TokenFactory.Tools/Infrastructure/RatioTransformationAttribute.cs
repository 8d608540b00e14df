using System.Globalization;
using System.Management.Automation;

namespace TokenFactory.Tools.Infrastructure;

/// <summary>Takes a share as a number (0.2) or in percent ('20 %').</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class RatioTransformationAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
    {
        object value = inputData is PSObject wrapped ? wrapped.BaseObject : inputData;
        if (value is not string text)
        {
            return value;
        }

        string trimmed = text.Trim();
        bool percent = trimmed.EndsWith('%');
        return double.TryParse(percent ? trimmed[..^1] : trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out double number)
            ? percent ? number / 100 : number
            : throw new ArgumentTransformationMetadataException($"'{text}' is no share. Write it in percent, such as '20 %', or as a number such as 0.2.");
    }
}

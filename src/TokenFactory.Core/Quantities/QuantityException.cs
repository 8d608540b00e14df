namespace TokenFactory.Core.Quantities;

/// <summary>A text is not the quantity that was wanted. Its error id is <c>QuantityInvalid</c>.</summary>
public sealed class QuantityException : TokenFactoryException
{
    /// <summary>Creates the failure.</summary>
    /// <param name="message">What is wanted and what was given.</param>
    /// <param name="text">The text that was given.</param>
    public QuantityException(string message, string text)
        : base("QuantityInvalid", FailureKind.InvalidInput, message, text)
    {
    }
}

using TokenFactory.Core.Definitions.Reading;

namespace TokenFactory.Core.Definitions;

/// <summary>The JSON schema of factory definitions, made from the description that the reader reads by.</summary>
public static class FactorySchema
{
    /// <summary>The schema's text, as it ships beside the module.</summary>
    public static string Text => SchemaWriter.Write(FactoryShape.Root, "Token factory definition");
}

namespace TokenFactory.Core;

/// <summary>Where a figure came from.</summary>
public enum FigureSource
{
    /// <summary>Read from an instrument or a clock on a real run.</summary>
    Measured,

    /// <summary>Stated in a factory definition.</summary>
    Declared,

    /// <summary>Computed by a model of the hardware.</summary>
    Predicted,

    /// <summary>Taken from the catalog of published figures.</summary>
    Catalog,
}

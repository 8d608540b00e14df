namespace TokenFactory.Benchmarks.Engine;

/// <summary>One way to run a model of a shape. Speeds are tokens a second.</summary>
internal interface IContender : IDisposable
{
    /// <summary>The name in a ratio.</summary>
    string Name { get; }

    /// <summary>Speed of one greedy stream after a prompt of 32.</summary>
    double Decode(int tokens);

    /// <summary>Speed of a prompt of 512, until its first token is chosen.</summary>
    double Prefill();

    /// <summary>Speed of eight greedy streams together.</summary>
    double Batch(int tokens);
}

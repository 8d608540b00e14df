namespace TokenFactory.Fuzz;

/// <summary>One kind of hostile input: equal numbers give equal cases.</summary>
public interface IFuzzKind
{
    /// <summary>Makes the case; what this costs is not counted.</summary>
    /// <param name="number">The case's number.</param>
    void Prepare(int number);

    /// <summary>Uses what was made. Returns "worked", an error's id, or "skipped".</summary>
    /// <param name="running">Called where ONNX Runtime begins to run a graph: what that takes is the graph's will.</param>
    /// <exception cref="TokenFactory.Core.TokenFactoryException">One clear error, as it should be.</exception>
    string Run(Action running);
}

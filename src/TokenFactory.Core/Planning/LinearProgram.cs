namespace TokenFactory.Core.Planning;

/// <summary>A linear program with some whole variables, to be made as large as possible; holds numbers only, no solver.</summary>
internal sealed class LinearProgram
{
    /// <summary>A variable.</summary>
    internal sealed record Column(double Lower, double Upper, double Objective, bool Whole);

    /// <summary>A constraint: lower ≤ Σ coefficient · variable ≤ upper.</summary>
    internal sealed record Row(double Lower, double Upper, (int Column, double Coefficient)[] Terms);

    public List<Column> Columns { get; } = [];

    public List<Row> Rows { get; } = [];

    /// <summary>Adds a variable and returns its index.</summary>
    public int Add(double lower, double upper, double objective = 0, bool whole = false)
    {
        Columns.Add(new Column(lower, upper, objective, whole));
        return Columns.Count - 1;
    }

    /// <summary>Adds a constraint and returns its index.</summary>
    public int Constrain(double lower, double upper, IEnumerable<(int Column, double Coefficient)> terms)
    {
        Rows.Add(new Row(lower, upper, [.. terms.Where(t => t.Coefficient != 0)]));
        return Rows.Count - 1;
    }

    /// <summary>A copy whose whole variables are fixed at given values.</summary>
    public LinearProgram WithFixed(double[] values)
    {
        LinearProgram copy = Copy();
        for (int i = 0; i < Columns.Count; i++)
        {
            if (Columns[i].Whole)
            {
                double value = Math.Round(values[i]);
                copy.Columns[i] = Columns[i] with { Lower = value, Upper = value, Whole = false };
            }
        }

        return copy;
    }

    /// <summary>A copy in which nothing need be whole.</summary>
    public LinearProgram Relaxed()
    {
        LinearProgram copy = Copy();
        for (int i = 0; i < Columns.Count; i++)
        {
            copy.Columns[i] = Columns[i] with { Whole = false };
        }

        return copy;
    }

    /// <summary>The objective at given values.</summary>
    public double Value(double[] values) => Columns.Select((c, i) => c.Objective * values[i]).Sum();

    /// <summary>Σ coefficient · variable of a constraint.</summary>
    public double Activity(int row, double[] values) => Rows[row].Terms.Sum(t => t.Coefficient * values[t.Column]);

    public LinearProgram Copy()
    {
        var copy = new LinearProgram();
        copy.Columns.AddRange(Columns);
        copy.Rows.AddRange(Rows);
        return copy;
    }
}

/// <summary>How a solve ended.</summary>
internal enum SolveStatus
{
    /// <summary>Solved within the gap that was asked for.</summary>
    Optimal,

    /// <summary>Stopped at the time limit with a solution.</summary>
    Feasible,

    /// <summary>No values satisfy the constraints.</summary>
    Infeasible,

    /// <summary>Nothing limits the objective.</summary>
    Unbounded,

    /// <summary>Stopped without a solution.</summary>
    Failed,
}

/// <summary>A solution.</summary>
/// <param name="Status">How the solve ended.</param>
/// <param name="Values">The variables' values; empty without a solution.</param>
/// <param name="Objective">The objective's value.</param>
/// <param name="Bound">No solution can be better.</param>
/// <param name="Duals">Gain of the objective for one more of each constraint's bound; empty when variables must be whole.</param>
internal sealed record LinearSolution(SolveStatus Status, double[] Values, double Objective, double Bound, double[] Duals)
{
    public bool HasValues => Status is SolveStatus.Optimal or SolveStatus.Feasible;
}

using Google.OrTools.LinearSolver;

namespace TokenFactory.Core.Planning;

/// <summary>Solves linear programs with OR-Tools: GLOP when nothing must be whole, SCIP otherwise. Both run on one thread and give the same answer each time.</summary>
/// <remarks>
/// The only code that names the solver, so that its native library is loaded on the first plan and not before. Rows and the objective are scaled by their
/// largest coefficient before and back after. A solve runs on a thread of its own: cancelling interrupts the solver and returns at once.
/// </remarks>
internal static class LinearSolver
{
    /// <summary>Solves.</summary>
    /// <param name="program">The program.</param>
    /// <param name="cancellationToken">Interrupts.</param>
    /// <param name="relativeGap">Whole variables are searched until this close to the bound.</param>
    /// <param name="timeLimit">Longest search; null is none.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="TokenFactoryException"><c>SolverUnavailable</c>.</exception>
    public static LinearSolution Solve(
        LinearProgram program, CancellationToken cancellationToken, double relativeGap = 1e-4, TimeSpan? timeLimit = null)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var run = new Run(program, relativeGap, timeLimit);
        Task<LinearSolution> task = Task.Run(run.Execute, CancellationToken.None);
        using CancellationTokenRegistration interrupt = cancellationToken.Register(run.Interrupt);
        try
        {
            task.Wait(cancellationToken);
        }
        catch (AggregateException e)
        {
            throw e.InnerException is DllNotFoundException or TypeInitializationException or BadImageFormatException
                ? new TokenFactoryException("SolverUnavailable", FailureKind.NotSupported,
                    "The solver's native library could not be loaded on this machine. Check that the module's 'lib' folder is whole, or install the module again.",
                    null, e.InnerException)
                : e.InnerException ?? e;
        }

        return task.GetAwaiter().GetResult();
    }

    private sealed class Run(LinearProgram program, double relativeGap, TimeSpan? timeLimit)
    {
        private readonly Lock _gate = new();
        private Solver? _solver;
        private bool _interrupted;

        public void Interrupt()
        {
            lock (_gate)
            {
                _interrupted = true;
                _solver?.InterruptSolve();
            }
        }

        public LinearSolution Execute()
        {
            bool whole = program.Columns.Any(c => c.Whole);
            Solver solver = Solver.CreateSolver(whole ? "SCIP" : "GLOP")
                ?? throw new DllNotFoundException("OR-Tools was built without the solver that is needed.");
            try
            {
                if (whole)
                {
                    // SCIP would take Ctrl+C away from the host while it solves.
                    solver.SetSolverSpecificParametersAsString("misc/catchctrlc = FALSE\n");
                }

                lock (_gate)
                {
                    if (_interrupted)
                    {
                        throw new OperationCanceledException();
                    }

                    _solver = solver;
                }

                return Solve(solver, whole);
            }
            finally
            {
                lock (_gate)
                {
                    _solver = null;
                    solver.Dispose();
                }
            }
        }

        private LinearSolution Solve(Solver solver, bool whole)
        {
            Variable[] variables = [.. program.Columns.Select((c, i) => solver.MakeVar(c.Lower, c.Upper, c.Whole, $"x{i}"))];
            double objectiveScale = Largest(program.Columns.Select(c => c.Objective));
            Objective objective = solver.Objective();
            objective.SetMaximization();
            for (int i = 0; i < variables.Length; i++)
            {
                objective.SetCoefficient(variables[i], program.Columns[i].Objective / objectiveScale);
            }

            double[] rowScales = new double[program.Rows.Count];
            Constraint[] constraints = new Constraint[program.Rows.Count];
            for (int r = 0; r < constraints.Length; r++)
            {
                LinearProgram.Row row = program.Rows[r];
                rowScales[r] = Largest(row.Terms.Select(t => t.Coefficient));
                constraints[r] = solver.MakeConstraint(row.Lower / rowScales[r], row.Upper / rowScales[r], $"r{r}");
                foreach ((int column, double coefficient) in row.Terms)
                {
                    constraints[r].SetCoefficient(variables[column], coefficient / rowScales[r]);
                }
            }

            if (timeLimit is { } limit)
            {
                solver.SetTimeLimit((long)limit.TotalMilliseconds);
            }

            using var parameters = new MPSolverParameters();
            parameters.SetDoubleParam(MPSolverParameters.DoubleParam.RELATIVE_MIP_GAP, relativeGap);
            SolveStatus status = solver.Solve(parameters) switch
            {
                Solver.ResultStatus.OPTIMAL => SolveStatus.Optimal,
                Solver.ResultStatus.FEASIBLE => SolveStatus.Feasible,
                Solver.ResultStatus.INFEASIBLE => SolveStatus.Infeasible,
                Solver.ResultStatus.UNBOUNDED => SolveStatus.Unbounded,
                _ => SolveStatus.Failed,
            };
            if (status is not (SolveStatus.Optimal or SolveStatus.Feasible))
            {
                return new LinearSolution(status, [], 0, 0, []);
            }

            double[] values = [.. variables.Select((v, i) => Math.Clamp(v.SolutionValue(), program.Columns[i].Lower, program.Columns[i].Upper))];
            double value = program.Value(values);
            return new LinearSolution(status, values, value,
                whole ? Math.Max(value, objective.BestBound() * objectiveScale) : value,
                whole ? [] : [.. constraints.Select((c, r) => c.DualValue() * objectiveScale / rowScales[r])]);
        }

        private static double Largest(IEnumerable<double> coefficients)
        {
            double largest = coefficients.Select(Math.Abs).DefaultIfEmpty(0).Max();
            return largest > 0 ? largest : 1;
        }
    }
}

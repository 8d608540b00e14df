using System.Globalization;
using TokenFactory.Core;

namespace TokenFactory.Fuzz;

/// <summary>A child process: runs cases one after the other and says of each what came of it, its CPU time, and how much memory it took.</summary>
internal static class FuzzWorker
{
    private static long s_peak;

    public static int Run(string kindName, int first, int count, string root)
    {
        IFuzzKind kind = FuzzKinds.Create(kindName, root);
        new Thread(WatchMemory) { IsBackground = true, Priority = ThreadPriority.AboveNormal }.Start();

        // What the first cases load and compile is not theirs.
        for (int warm = 0; warm < 20; warm++)
        {
            kind.Prepare(int.MaxValue - warm);
            Outcome(kind, out _);
        }

        Console.WriteLine("ready");
        for (int number = first; number < first + count; number++)
        {
            kind.Prepare(number);
            GC.Collect(1);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"#{number}"));
            long before = Environment.WorkingSet;
            Interlocked.Exchange(ref s_peak, before);
            long allocated = GC.GetTotalAllocatedBytes();
            TimeSpan cpu = Environment.CpuUsage.TotalTime;
            string outcome = Outcome(kind, out string detail);
            double seconds = (Environment.CpuUsage.TotalTime - cpu).TotalSeconds;
            long peak = Math.Max(Interlocked.Read(ref s_peak), Environment.WorkingSet);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"={number}\t{outcome}\t{seconds:0.000000}\t{GC.GetTotalAllocatedBytes() - allocated}\t{Math.Max(0, peak - before)}\t{detail}"));
        }

        return 0;
    }

    private static string Outcome(IFuzzKind kind, out string detail)
    {
        detail = "";
        try
        {
            return kind.Run(() => Console.WriteLine("~"));
        }
        catch (TokenFactoryException e)
        {
            bool readable = e.Message.Length is > 0 and < 2000;
            detail = readable ? "" : $"a message of {e.Message.Length} characters";
            return readable ? e.ErrorId : "UNREADABLE";
        }
        catch (Exception e)
        {
            detail = $"{e.GetType().Name}: {e.Message} {e.StackTrace?.Split('\n').FirstOrDefault()}".ReplaceLineEndings(" ").Replace('\t', ' ');
            return "UNEXPECTED";
        }
    }

    private static void WatchMemory()
    {
        while (true)
        {
            Thread.Sleep(5);
            long now = Environment.WorkingSet, peak = Interlocked.Read(ref s_peak);
            while (now > peak && Interlocked.CompareExchange(ref s_peak, now, peak) != peak)
            {
                peak = Interlocked.Read(ref s_peak);
            }
        }
    }
}

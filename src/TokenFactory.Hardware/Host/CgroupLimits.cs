using System.Globalization;
using TokenFactory.Hardware.Probing;

namespace TokenFactory.Hardware.Host;

/// <summary>What control groups allow this process, version 1 and 2, alone or mixed: the smallest limit on the way from its group to the root.</summary>
internal sealed record CgroupLimits(int? Version, double? CpuQuota, long? MemoryLimitBytes, long? MemoryUsedBytes)
{
    // Version 1 writes "no limit" as the largest number of pages.
    private const long NoLimit = long.MaxValue / 2;

    public static CgroupLimits Read(FileTree files)
    {
        Reading<string> groups = files.Text("/proc/self/cgroup");
        Reading<string> mounts = files.Text("/proc/self/mountinfo");
        if (!groups.Ok || !mounts.Ok)
        {
            return new CgroupLimits(null, null, null, null);
        }

        double? quota = null;
        long? limit = null;
        long? used = null;
        int? version = null;
        foreach (string line in groups.Value!.Split('\n'))
        {
            string[] parts = line.Split(':', 3);
            if (parts.Length != 3)
            {
                continue;
            }

            string[] controllers = parts[1].Split(',');
            bool unified = parts[0] == "0" && parts[1].Length == 0;
            foreach (string controller in unified ? ["", "cpu", "memory"] : controllers)
            {
                if (Mount(mounts.Value!, unified ? null : controller) is not { } mount)
                {
                    continue;
                }

                if (unified && version is null)
                {
                    version = 2;
                }

                if (!unified && controller is ("cpu" or "memory"))
                {
                    version = 1;
                }

                foreach (string folder in Ancestors(mount.Point, Relative(parts[2], mount.Root)))
                {
                    if (controller == "cpu")
                    {
                        quota = Smaller(quota, unified ? QuotaV2(files, folder) : QuotaV1(files, folder));
                    }
                    else if (controller == "memory")
                    {
                        long? here = unified ? LimitV2(files, folder) : LimitV1(files, folder);
                        if (here is not null && (limit is null || here < limit))
                        {
                            limit = here;
                            Reading<long> usage = files.Integer(folder + (unified ? "/memory.current" : "/memory.usage_in_bytes"));
                            used = usage.Ok ? usage.Value : null;
                        }
                    }

                }
            }
        }

        return new CgroupLimits(version, quota, limit, used);
    }

    private static double? QuotaV2(FileTree files, string folder)
    {
        string[] parts = (files.Text(folder + "/cpu.max").Value ?? "").Split(' ');
        return parts.Length == 2 && Positive(parts[0]) is { } quota && Positive(parts[1]) is { } period ? quota / period : null;
    }

    private static double? QuotaV1(FileTree files, string folder)
    {
        Reading<long> quota = files.Integer(folder + "/cpu.cfs_quota_us");
        Reading<long> period = files.Integer(folder + "/cpu.cfs_period_us");
        return quota is { Ok: true, Value: > 0 } && period is { Ok: true, Value: > 0 } ? (double)quota.Value / period.Value : null;
    }

    private static long? LimitV2(FileTree files, string folder)
    {
        Reading<long> most = files.Integer(folder + "/memory.max");
        Reading<long> high = files.Integer(folder + "/memory.high");
        long limit = Math.Min(most.Ok ? most.Value : long.MaxValue, high.Ok ? high.Value : long.MaxValue);
        return limit is > 0 and < NoLimit ? limit : null;
    }

    private static long? LimitV1(FileTree files, string folder)
    {
        Reading<long> limit = files.Integer(folder + "/memory.limit_in_bytes");
        return limit is { Ok: true, Value: > 0 and < NoLimit } ? limit.Value : null;
    }

    private static (string Point, string Root)? Mount(string mounts, string? controller)
    {
        foreach (string line in mounts.Split('\n'))
        {
            string[] sides = line.Split(" - ", 2);
            string[] left = sides[0].Split(' ');
            string[] right = sides.Length == 2 ? sides[1].Split(' ') : [];
            if (left.Length < 5 || right.Length < 3)
            {
                continue;
            }

            bool matches = controller is null
                ? right[0] == "cgroup2"
                : right[0] == "cgroup" && right[2].Split(',').Contains(controller, StringComparer.Ordinal);
            if (matches)
            {
                return (left[4], left[3]);
            }
        }

        return null;
    }

    // In a container the mount shows a part of the tree, and the path may be told from the tree's own root.
    private static string Relative(string path, string root)
    {
        if (root != "/" && path.StartsWith(root, StringComparison.Ordinal))
        {
            path = path[root.Length..];
        }

        return path.Contains("..", StringComparison.Ordinal) ? "" : path.Trim('/');
    }

    private static IEnumerable<string> Ancestors(string mount, string relative)
    {
        string path = relative;
        while (path.Length > 0)
        {
            yield return mount.TrimEnd('/') + "/" + path;
            int slash = path.LastIndexOf('/');
            path = slash < 0 ? "" : path[..slash];
        }

        yield return mount;
    }

    private static double? Positive(string text) =>
        double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value > 0 ? value : null;

    private static double? Smaller(double? a, double? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);
}

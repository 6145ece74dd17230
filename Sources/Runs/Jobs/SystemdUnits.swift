/// The systemd units that run one job of one cell: the shipped ones of `jobs/systemd`, with this cell's paths.
public struct SystemdUnits: Sendable {
    /// The units' name without `.service` and `.timer`.
    public let name: String
    /// The job.
    public let job: JobName
    /// The cell's root, absolute and free of links.
    public let cell: String
    /// Absolute paths the service may write to besides the cell.
    public let writable: [String]
    /// The program's absolute path.
    public let program: String
    /// `OnCalendar=`.
    public let schedule: String
    /// `RandomizedDelaySec=`, in seconds.
    public let randomDelay: Int
    /// What the job does: one of the kind egress enters other network namespaces and writes their settings.
    public let kind: JobDefinition.Kind

    /// Puts the units of a job together; nil for a job without a schedule.
    ///
    /// - Parameter instance: goes into the units' name, for a machine with several cells.
    /// - Throws: ``RunError`` `.configuration` for a path that is not absolute or that a unit file can't hold.
    public init?(
        _ job: JobDefinition, cell: String, writable: [String] = [], program: String, instance: String? = nil
    ) throws {
        guard let schedule = job.schedule else { return nil }
        for path in [cell, program] + writable {
            guard path.hasPrefix("/"), path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
                throw RunError(.configuration, "a unit file can't hold the path \(path): it must be absolute")
            }
        }
        // systemd gives the program's own path no chance to be quoted.
        guard program.unicodeScalars.allSatisfy({ !" \t\"'\\$%;".unicodeScalars.contains($0) }) else {
            throw RunError(
                .configuration, "systemd can't start \(program): its path has a blank or a special character")
        }
        name = "picjobs-" + (instance.map { $0 + "-" } ?? "") + job.name.text
        self.job = job.name
        self.cell = cell
        self.writable = writable
        self.program = program
        self.schedule = schedule
        randomDelay = job.randomDelay
        kind = job.kind
    }

    /// The first line of both files: whose they are.
    public var mark: String { Self.mark(cell: cell) }

    /// The first line of every unit that was written for a cell.
    public static func mark(cell: String) -> String {
        "# Written by `picjobs jobs install-timers` for the cell \(cell)"
    }

    /// The text of `<name>.timer`.
    public var timer: String {
        """
        \(mark)
        # and lost when that runs again: change the job file, or use systemctl edit.
        [Unit]
        Description=Job \(job) of the cell \(escaped(cell))

        [Timer]
        OnCalendar=\(schedule)
        RandomizedDelaySec=\(delay)
        AccuracySec=1min
        # A machine that slept through the night makes up for it when it wakes.
        Persistent=true

        [Install]
        WantedBy=timers.target

        """
    }

    private var delay: String {
        switch randomDelay {
        case 0: "0"
        case let seconds where seconds % 3600 == 0: "\(seconds / 3600)h"
        case let seconds where seconds % 60 == 0: "\(seconds / 60)min"
        default: "\(randomDelay)s"
        }
    }

    /// For a value in which systemd expands specifiers.
    private func escaped(_ text: String) -> String { text.replacing("%", with: "%%") }

    /// The same as one word of a list or an assignment.
    private func quoted(_ text: String) -> String {
        let plain = escaped(text)
        guard plain.contains(where: { " \"'\\;".contains($0) }) else { return plain }
        return "\"" + plain.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// The text of `<name>.service`.
    ///
    /// Equal to `jobs/systemd/picjobs-nightly-backup.service` apart from the paths; a test compares them.
    public var service: String {
        """
        \(mark)
        # and lost when that runs again: change the job file, or use systemctl edit.
        [Unit]
        Description=Job \(job) of the cell \(escaped(cell))
        After=docker.service
        RequiresMountsFor=\(([cell] + writable).map(quoted).joined(separator: " "))

        [Service]
        Type=oneshot
        Environment=\(quoted("PIC_CELL=" + cell))
        ExecStart=\(program) jobs run \(job)
        # Every exit but 0 is a failure that systemd shows: 3 (some service has no new archive) above all.
        SuccessExitStatus=
        TimeoutStartSec=8h
        # TERM goes to picjobs alone, which ends its children, journals and leaves; who is left after that is killed.
        KillMode=mixed
        TimeoutStopSec=60s

        # It may wait for everyone else.
        Nice=10
        IOSchedulingClass=best-effort
        IOSchedulingPriority=7
        CPUWeight=20
        IOWeight=20
        OOMScoreAdjust=200

        # What it may touch: the cell, its own /tmp, and the engine's socket (which is as good as root: docs/threat-model.md).
        UMask=0077
        LimitNOFILE=65536
        ProtectSystem=strict
        ReadWritePaths=\(([cell] + writable).map(quoted).joined(separator: " "))
        ProtectHome=read-only
        PrivateTmp=yes
        PrivateDevices=yes
        NoNewPrivileges=yes
        \(rights)
        SystemCallArchitectures=native
        SystemCallFilter=@system-service
        SystemCallFilter=~@keyring @memlock
        SystemCallErrorNumber=EPERM
        LockPersonality=yes
        MemoryDenyWriteExecute=yes
        ProtectClock=yes
        ProtectControlGroups=yes
        ProtectHostname=yes
        ProtectKernelLogs=yes
        ProtectKernelModules=yes
        RemoveIPC=yes
        RestrictRealtime=yes

        """
    }

    private var rights: String {
        switch kind {
        case .backup:
            """
            RestrictAddressFamilies=AF_UNIX
            RestrictNamespaces=yes
            ProtectKernelTunables=yes
            # Owners and modes of config files that belong to others, and ending a tar that a cancelled run left in a container
            # (read its environment, kill it); nothing of the network, modules, devices or mounts.
            CapabilityBoundingSet=CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_CHOWN CAP_FOWNER CAP_KILL CAP_SYS_PTRACE
            """
        case .egress:
            """
            RestrictAddressFamilies=AF_NETLINK AF_UNIX
            RestrictNamespaces=net
            # Programming the network, entering the namespaces of containers (whose processes belong to others), and the files
            # of a cell that do; the settings in /proc/sys are theirs, too, so ProtectKernelTunables= must be off.
            CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_ADMIN CAP_SYS_PTRACE CAP_DAC_OVERRIDE
            """
        }
    }
}

import Archive
@preconcurrency import Dispatch
import Runs
import Synchronization

/// One live line on a terminal: service, bytes, rate, share done where the last snapshot tells how much there is.
final class TerminalProgress: RunObserver {
    private struct Transfer {
        let what: String
        let volume: VolumePlace
        let progress: TransferProgress
        let expected: UInt64?
        let start = ContinuousClock().now
    }

    private let current: Mutex<Transfer?> = Mutex(nil)
    private let timer: any DispatchSourceTimer

    init() {
        timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "picjobs.progress"))
        timer.schedule(deadline: .now() + .milliseconds(200), repeating: .milliseconds(200))
        timer.setEventHandler { [weak self] in self?.draw() }
        timer.resume()
    }

    deinit { timer.cancel() }

    func began(_ what: String, volume: VolumePlace, progress: TransferProgress, expected: UInt64?) {
        current.withLock { $0 = Transfer(what: what, volume: volume, progress: progress, expected: expected) }
    }

    func ended(volume: VolumePlace) {
        current.withLock { transfer in
            transfer = nil
            Output.write("\r\u{1B}[K", 2)
        }
    }

    func note(_ line: String) { current.withLock { _ in Output.write("\r\u{1B}[K\(line)\n", 2) } }

    private func draw() {
        current.withLock { transfer in
            guard let transfer else { return }
            let bytes = transfer.progress.bytes
            let elapsed = transfer.start.duration(to: ContinuousClock().now)
            let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
            var line = "\(transfer.what) \(transfer.volume)  \(Amount.bytes(bytes))"
            line += "  \(Amount.bytes(UInt64(Double(bytes) / max(seconds, 0.001))))/s"
            line += "  \(transfer.progress.entryCount) entries"
            if let expected = transfer.expected, expected > 0 {
                line += "  \(Amount.percent(min(bytes, expected), of: expected))"
            }
            Output.write("\r\u{1B}[K\(line)", 2)
        }
    }
}

/// A line when a volume begins, for logs and pipes.
final class PlainProgress: RunObserver {
    private let verbose: Bool
    /// What the last line was about: a further attempt needs no line of its own.
    private let last = Mutex("")

    init(verbose: Bool) { self.verbose = verbose }

    func began(_ what: String, volume: VolumePlace, progress: TransferProgress, expected: UInt64?) {
        let line = "\(what) \(volume)"
        let isNew = last.withLock { last in
            defer { last = line }
            return last != line
        }
        if isNew { Output.talk(line) }
    }

    func ended(volume: VolumePlace) { if verbose { Output.talk("done \(volume)") } }
    func note(_ line: String) { Output.talk(line) }
}

/// With `--quiet`: only what a person has to know.
struct Warnings: RunObserver {
    func began(_ what: String, volume: VolumePlace, progress: TransferProgress, expected: UInt64?) {}
    func ended(volume: VolumePlace) {}
    func note(_ line: String) {}
    func warn(_ line: String) { Output.talk(line) }
}

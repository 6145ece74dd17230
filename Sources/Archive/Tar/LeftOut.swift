/// Entries of a stream that are not written into its archive: odd ones that no restore could put back, whose names and
/// sizes an honest volume may have all the same (rule 2 of docs/archives.md).
public struct LeftOut: Sendable, Equatable {
    /// How many there are.
    public private(set) var count: UInt64 = 0
    /// The first hundred: the name, escaped and cut, and the reason.
    public private(set) var names: [String] = []
    /// 128 bits of SHA-256 for each path.
    private var keys: Set<UInt128> = []

    mutating func add(_ name: [UInt8], _ reason: String) {
        count += 1
        if names.count < 100 { names.append("\"\(ByteText.escape(name, limit: 160))\": \(reason)") }
        if let clean = try? EntryPath.clean(name) { keys.insert(SHA256.hash(clean).prefix128) }
    }

    /// Why an entry has to go with one that is left out already: it lies below it, or is another name of it.
    func reaches(_ entry: TarEntry) -> BrokenRule? {
        guard !keys.isEmpty else { return nil }
        if let parent = entry.path.parent, has(parent) {
            return BrokenRule(.treeParentNotDirectory, "it lies below a directory that is left out")
        }
        if let target = entry.hardlinkTarget, has(target) {
            return BrokenRule(.treeHardlinkTarget, "it is another name of a file that is left out")
        }
        return nil
    }

    private func has(_ path: EntryPath) -> Bool { keys.contains(SHA256.hash(path.bytes).prefix128) }
}

extension TarScanner {
    /// Leaves an entry out for a fault that an honest volume may have.
    ///
    /// - Returns: false where nothing is to be left out, or where the fault is another: then the stream is refused.
    mutating func leaveOut(
        _ fault: BrokenRule, _ header: TarHeader, _ sparse: SparseMap?
    ) throws(ArchiveError) -> Bool {
        switch fault.rule {
        case .nameTooLong, .nameComponentTooLong, .nameTooDeep, .limitXattr: break
        // Only from `LeftOut.reaches`: the ledger's own findings never come here.
        case .treeParentNotDirectory, .treeHardlinkTarget: break
        default: return false
        }
        let stored: UInt64
        do throws(BrokenRule) {
            if let sparse { stored = sparse.storedSize } else { stored = try storedSize(header) }
        } catch {
            throw refusal(error)
        }
        return try leaveOut(header, stored: stored, fault.reason)
    }

    /// Leaves the pending entry out, of which `stored` bytes of content are still to come.
    mutating func leaveOut(_ header: TarHeader, stored: UInt64, _ reason: String) throws(ArchiveError) -> Bool {
        guard limits.leavesOut else { return false }
        leftOut.add(pending.name ?? header.name, reason)
        guard entryCount + leftOut.count <= limits.entries else {
            throw refusal(.limitEntries, "the archive has more than the \(limits.entries) entries that are allowed")
        }
        let (end, overflow) = position.addingReportingOverflow(stored)
        guard !overflow, end <= UInt64.max - 512 else {
            throw refusal(.limitBytes, "the entry claims \(stored) bytes")
        }
        let start = pending.start ?? position
        omissions.append(start..<(end + 511) / 512 * 512)
        omittedBytes += (end + 511) / 512 * 512 - start
        pending = PendingEntry()
        current = nil
        reading = ContentCursor(remaining: stored, stored: stored)
        state = .leftOut
        if stored == 0 { endStored() }
        return true
    }
}

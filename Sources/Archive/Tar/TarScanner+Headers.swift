/// What is known of an entry before its content: its header and the extension headers in front of it.
struct PendingEntry {
    /// Byte at which the first header of the group begins.
    var start: UInt64?
    var longName: [UInt8]?
    var longLink: [UInt8]?
    var pax: PaxRecords?
    /// The main header, once read; set while a sparse map follows it.
    var header: TarHeader?
    var oldSparse: OldSparseMap?
    var textMap = TextSparseMap()
    /// For messages, from the moment a name is known.
    var name: [UInt8]?

    var isEmpty: Bool { start == nil }
    var hasExtension: Bool { longName != nil || longLink != nil || pax != nil }
}

extension TarScanner {
    mutating func readHeader() throws(ArchiveError) {
        defer { block.removeAll(keepingCapacity: true) }
        if block[0] == 0, block.allSatisfy({ $0 == 0 }) {
            guard !pending.hasExtension else {
                throw refusal(.tarExtensionDangling, "an extension header stands before the archive's end")
            }
            state = .endMarker
            return
        }
        let blockStart = position - UInt64(TarHeader.blockSize)
        if pending.start == nil { pending.start = blockStart }
        let header: TarHeader
        do {
            header = try TarHeader(block, allowV7: limits.allowV7)
        } catch {
            throw refusal(error)
        }
        if pending.name == nil { pending.name = header.name }
        switch header.type {
        case UInt8(ascii: "L"), UInt8(ascii: "K"), UInt8(ascii: "x"), UInt8(ascii: "g"):
            try beginExtension(header)
        case UInt8(ascii: "S"):
            guard header.dialect == .gnu else {
                throw refusal(.tarType, "type S stands in a header that is not GNU tar's")
            }
            try beginOldSparse(header)
        case UInt8(ascii: "0"), 0, UInt8(ascii: "1"), UInt8(ascii: "2"), UInt8(ascii: "3"), UInt8(ascii: "4"),
            UInt8(ascii: "5"), UInt8(ascii: "6"):
            if pending.pax?.sparseMajor != nil {
                try beginSparseText(header)
            } else {
                try beginEntry(header, sparse: nil)
            }
        default:
            throw refusal(
                .tarType, "the type byte \"\(ByteText.escape([header.type]))\" is not one of 0–6, S, L, K, x, g")
        }
    }

    private mutating func beginExtension(_ header: TarHeader) throws(ArchiveError) {
        let isPax = header.type == UInt8(ascii: "x")
        let limit =
            isPax ? limits.leavesOut ? ArchiveLimits.oddPaxBytes : ArchiveLimits.paxBytes : ArchiveLimits.extensionBytes
        do {
            try requireHarmless(header)
        } catch {
            throw refusal(error)
        }
        guard header.size > 0, header.size <= limit else {
            throw refusal(.limitHeader, "an extension header of \(header.size) bytes is empty or longer than \(limit)")
        }
        let repeated =
            switch header.type {
            case UInt8(ascii: "L"): pending.longName != nil
            case UInt8(ascii: "K"): pending.longLink != nil
            case UInt8(ascii: "x"): pending.pax != nil
            default: false
            }
        guard !repeated else {
            throw refusal(.tarExtensionRepeated, "two extension headers of one kind stand before one entry")
        }
        let isMixed =
            switch header.type {
            case UInt8(ascii: "x"): pending.longName != nil || pending.longLink != nil
            case UInt8(ascii: "g"): pending.hasExtension
            default: pending.pax != nil
            }
        guard !isMixed else {
            throw refusal(.tarExtensionMixed, "GNU and pax extension headers stand before one entry")
        }
        pending.name = nil
        state = .extensionBody(kind: header.type, size: Int(header.size))
    }

    mutating func readExtension(_ kind: UInt8, _ size: Int) throws(ArchiveError) {
        defer { block.removeAll(keepingCapacity: size <= 4096) }
        state = .header
        do {
            switch kind {
            case UInt8(ascii: "x"):
                let pax = try PaxRecords(Array(block[..<size]))
                pending.pax = pax
                pending.name = pax.sparseName ?? pax.path
            case UInt8(ascii: "g"):
                try readGlobal(Array(block[..<size]))
                pending = PendingEntry()
            case UInt8(ascii: "K"): pending.longLink = try TarHeader.text(block, 0, size, "long link name")
            default:
                pending.longName = try TarHeader.text(block, 0, size, "long name")
                pending.name = pending.longName
            }
        } catch {
            throw refusal(error)
        }
    }

    /// A global header may carry a remark (`git archive` writes one); anything else would change later entries.
    private func readGlobal(_ body: [UInt8]) throws(BrokenRule) {
        for record in try PaxRecords.split(body) where !record.key.elementsEqual("comment".utf8) {
            throw BrokenRule(
                .paxGlobal, "a global pax header sets \"\(ByteText.escape(record.key))\" for later entries")
        }
    }

    mutating func beginEntry(_ header: TarHeader, sparse: SparseMap?) throws(ArchiveError) {
        let entry: TarEntry
        do {
            entry = try makeEntry(header, sparse: sparse)
        } catch {
            if try leaveOut(error, header, sparse) { return }
            throw refusal(error)
        }
        current = entry
        if let fault = pending.pax?.excess ?? leftOut.reaches(entry) {
            if try leaveOut(fault, header, sparse) { return }
            throw refusal(fault, entry: entry.path)
        }
        do {
            try ledger.admit(entry)
        } catch {
            throw refusal(error, entry: entry.path)
        }
        try count(entry)
        pending = PendingEntry()
        try sink.begin(entry)
        try beginContent(entry)
    }

    private mutating func count(_ entry: TarEntry) throws(ArchiveError) {
        entryCount += 1
        guard entryCount + leftOut.count <= limits.entries else {
            throw refusal(.limitEntries, "the archive has more than the \(limits.entries) entries that are allowed")
        }
        let (sum, overflow) = contentBytes.addingReportingOverflow(entry.size)
        guard !overflow, sum <= limits.contentBytes else {
            throw refusal(.limitBytes, "its files have more than the \(limits.contentBytes) bytes that are allowed")
        }
        contentBytes = sum
    }

    private func makeEntry(_ header: TarHeader, sparse: SparseMap?) throws(BrokenRule) -> TarEntry {
        let pax = pending.pax
        let name = pax?.sparseName ?? pax?.path ?? pending.longName ?? header.name
        let link = pax?.linkPath ?? pending.longLink ?? header.linkName
        if name != header.name { try EntryPath.requireHarmless(header.name) }
        let type = try EntryType(header: header, name: name, linkName: link, size: try storedSize(header))
        var entry = TarEntry(
            path: try EntryPath(archiveName: name), type: type, mode: header.mode,
            uid: try Self.owner(pax?.uid ?? header.uid, "uid"), gid: try Self.owner(pax?.gid ?? header.gid, "gid"),
            modified: pax?.modified ?? Timestamp(seconds: header.modified), offset: (pending.start ?? 0) - omittedBytes)
        switch type {
        case .file:
            if let sparse { entry.size = sparse.realSize } else { entry.size = try storedSize(header) }
            entry.sparse = sparse
        case .symlink:
            guard link.count <= 4095 else {
                throw BrokenRule(.nameTooLong, "the link target has \(link.count) bytes, more than 4095")
            }
            entry.linkTarget = link
        case .hardlink:
            if link != header.linkName { try EntryPath.requireHarmless(header.linkName) }
            entry.hardlinkTarget = try EntryPath(archiveName: link)
        case .characterDevice, .blockDevice:
            guard let major = UInt32(exactly: header.deviceMajor), let minor = UInt32(exactly: header.deviceMinor)
            else {
                throw BrokenRule(.tarNumber, "the device numbers overflow")
            }
            entry.device = DeviceNumber(major: major, minor: minor)
        case .directory, .fifo: break
        }
        entry.xattrs = pax?.xattrs ?? []
        entry.accessACL = pax?.accessACL
        entry.defaultACL = pax?.defaultACL
        return entry
    }

    /// Bytes that the stream stores for an entry: the header's size, or pax's from 8 GiB on.
    func storedSize(_ header: TarHeader) throws(BrokenRule) -> UInt64 {
        guard let size = pending.pax?.size, size != header.size else { return header.size }
        guard size >= 1 << 33 else {
            throw BrokenRule(.paxSizeDiffers, "the header says \(header.size) bytes and its pax record \(size)")
        }
        return size
    }

    /// The name of an extension header is one of a file to a reader that does not know it.
    private func requireHarmless(_ header: TarHeader) throws(BrokenRule) {
        // GNU tar names a global header so, in its $TMPDIR.
        let last = header.name.split(separator: UInt8(ascii: "/")).last ?? []
        if header.type == UInt8(ascii: "g"), last.starts(with: "GlobalHead.".utf8) { return }
        try EntryPath.requireHarmless(header.name)
    }

    private static func owner(_ number: UInt64, _ field: String) throws(BrokenRule) -> UInt32 {
        guard number < UInt64(UInt32.max) else { throw BrokenRule(.tarNumber, "the \(field) \(number) is too large") }
        return UInt32(number)
    }
}

extension EntryType {
    /// Types of rule 5; checks that name, link name and size go together.
    fileprivate init(header: TarHeader, name: [UInt8], linkName: [UInt8], size: UInt64) throws(BrokenRule) {
        switch header.type {
        case UInt8(ascii: "1"): self = .hardlink
        case UInt8(ascii: "2"): self = .symlink
        case UInt8(ascii: "3"): self = .characterDevice
        case UInt8(ascii: "4"): self = .blockDevice
        case UInt8(ascii: "5"): self = .directory
        case UInt8(ascii: "6"): self = .fifo
        default: self = .file
        }
        let isLink = self == .hardlink || self == .symlink
        if self != .file, size != 0 {
            throw BrokenRule(.tarSizeOnLink, "a \(rawValue) is given \(size) bytes of content")
        }
        if self == .file, name.last == UInt8(ascii: "/") {
            throw BrokenRule(.tarBodyOnDirectory, "a regular file's name ends in \"/\"")
        }
        if isLink, linkName.isEmpty { throw BrokenRule(.nameEmpty, "a \(rawValue) names no target") }
        if !isLink, !linkName.isEmpty {
            throw BrokenRule(
                .tarLinknameOnFile, "a \(rawValue) is given the link name \"\(ByteText.escape(linkName))\"")
        }
    }
}

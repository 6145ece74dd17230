import Archive

/// Reads the input as a service's package.
///
/// Beyond "no crash, no hang": a package that is accepted is no larger than one may be, and is the same when it is
/// written anew and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzZip(_ start: UnsafePointer<UInt8>?, _ size: Int) -> CInt {
    let package: StorePackage
    do {
        package = try StorePackage(zip: Array(UnsafeBufferPointer(start: start, count: size)))
    } catch {
        guard error.code == .refused, error.violation != nil else { fatalError("\(error)") }
        return 0
    }
    let files = [package.manifest, package.composeTemplate ?? [], package.installScript ?? []]
    guard files.reduce(0, { $0 + $1.count }) <= StorePackage.sizeLimit else { fatalError("too large: \(files)") }
    do {
        guard try StorePackage(zip: package.zip()) == package else { fatalError("another one: \(package)") }
    } catch {
        fatalError("not read again: \(error)")
    }
    return 0
}

internal import Containers

/// Finishes its work although the task around it is cancelled; a command in it that hangs is then ended soon.
func uncancelled<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    let haste = Haste()
    return try await withTaskCancellationHandler {
        try await Haste.$current.withValue(haste) { try await Task { try await body() }.value }
    } onCancel: {
        haste.begin()
    }
}

/// Carries a value out of a closure that runs on another thread and has ended before it is read.
final class Box<Value: Sendable>: @unchecked Sendable {
    // Invariant behind @unchecked: written by one thread, read only after that thread's work was awaited.
    var value: Value

    init(_ value: Value) { self.value = value }
}

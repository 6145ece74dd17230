/// Makes and removes accounts inside one service.
protocol AccountDriver: Sendable {
    /// - Throws: ``RunError``: `.refused` when the service certainly did not make it; with another code it may have.
    func add(_ user: String, password: String) async throws
    /// An account that is not there is no error.
    /// - Throws: ``RunError`` when the service did not remove it.
    func remove(_ user: String) async throws
    /// The users that have an account.
    /// - Throws: ``RunError``.
    func list() async throws -> Set<String>
}

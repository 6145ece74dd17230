/// Stopping and starting containers, and reaching the volumes of one whose processes do not run.
public protocol ContainerLifecycle: Sendable {
    /// Stops a container as its own stop signal and time say, and keeps the engine from starting it by itself. One that
    /// does not run is only kept from starting.
    ///
    /// - Throws: ``ContainerError``.
    func stop(_ name: ContainerName) async throws

    /// Sends SIGSTOP to every process of a container: nothing of it runs, and commands can still be run in it. The engine
    /// will not start it by itself when it ends.
    ///
    /// - Throws: ``ContainerError``.
    func freeze(_ name: ContainerName) async throws

    /// Ends all processes of a container by SIGKILL, frozen ones included.
    /// - Throws: ``ContainerError``; one that does not run is no error.
    func kill(_ name: ContainerName) async throws

    /// Gives a container its restart policy back, as ``ContainerInfo/restartPolicy`` told it.
    /// - Throws: ``ContainerError``.
    func setRestartPolicy(_ policy: String, of name: ContainerName) async throws

    /// Starts a container; one that runs is no error.
    /// - Throws: ``ContainerError``.
    func start(_ name: ContainerName) async throws

    /// Makes a container of the same image with the same volumes, without a network, that does nothing but wait for
    /// commands. It is named by the run and marked with it.
    ///
    /// - Parameter serial: tells several stand-ins of one run apart.
    /// - Throws: ``ContainerError``.
    func makeStandIn(for name: ContainerName, serial: Int) async throws -> ContainerName

    /// Removes every stand-in of a run.
    /// - Throws: ``ContainerError``.
    func removeStandIns(run: String) async throws

    /// The runs that have stand-ins, whoever's they are: an engine may serve several cells.
    /// - Throws: ``ContainerError``.
    func runsWithStandIns() async throws -> Set<String>

    /// How containers are; one that does not exist is left out.
    /// - Throws: ``ContainerError``.
    func conditions(of names: [ContainerName]) async throws -> [ContainerName: ContainerCondition]

    /// What is known about every container that runs, by its name.
    /// - Throws: ``ContainerError``.
    func running() async throws -> [ContainerName: ContainerInfo]
}

/// What a command in a container left behind; an exit status other than 0 is a result, not an error.
public struct ExecResult: Sendable {
    /// How the command ended; with docker how the docker CLI ended, which repeats the command's exit code.
    public let status: ExitStatus
    /// Standard output when it was collected, else empty.
    public let output: [UInt8]
    /// Standard error, bounded.
    public let errorText: StderrCapture
    /// Set when the transport and not the command failed: docker's own exit codes 125–127 and the engine's messages.
    ///
    /// With a message such as `OCI runtime exec failed: …` docker writes it to standard *output*, so whatever
    /// arrived there is no data of the command. A command that itself exits 126 or 127 can't be told apart.
    public let transportFailure: ContainerError?

    /// Makes a result, for runtimes and for tests.
    public init(
        status: ExitStatus, output: [UInt8] = [], errorText: StderrCapture = StderrCapture(),
        transportFailure: ContainerError? = nil
    ) {
        self.status = status
        self.output = output
        self.errorText = errorText
        self.transportFailure = transportFailure
    }

    /// The same result with the transport's failure beside it, and without what docker's CLI says about itself.
    func with(transportFailure: ContainerError?) -> ExecResult {
        ExecResult(
            status: status, output: output, errorText: errorText.without(ContainerError.isAboutCommandLine),
            transportFailure: transportFailure)
    }
}

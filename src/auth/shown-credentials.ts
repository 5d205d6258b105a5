// What a request shows of who sent it.

export interface ShownCredentials {
  /** The Authorization header as it came. */
  readonly authorization: string | undefined;
  /** Whom the certificate stands for that the client proved to have; undefined without one. */
  readonly certificate: CertificateUser | undefined;
  /** Where the client is: of the connection, or as a trusted proxy says. Asked for only when credentials must be checked. */
  address(): string;
}

export interface CertificateUser {
  readonly name: string;
  readonly groups: readonly string[];
}

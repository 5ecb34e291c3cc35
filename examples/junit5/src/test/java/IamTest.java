import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.EntityAlreadyExistsException;

/** Starts the reference endpoint for the tests of this class, and stops it at the end. */
class IamTest {
    static Process server;
    static IamClient iam;

    @BeforeAll
    static void start() throws Exception {
        server = new ProcessBuilder("iamspec", "serve", "--listen", "127.0.0.1:0")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        // The first line is the URL. The server responds from then on.
        var url = new BufferedReader(new InputStreamReader(server.getInputStream())).readLine();
        var key = AwsBasicCredentials.create("AKIAIOSFODNN7EXAMPLE", "secret");
        iam = IamClient.builder().endpointOverride(URI.create(url)).region(Region.US_EAST_1)
                .credentialsProvider(StaticCredentialsProvider.create(key)).build();
    }

    @AfterAll
    static void stop() throws Exception {
        iam.close();
        server.destroy();
        server.waitFor();
    }

    @Test
    void aUserIsCreatedOnce() {
        assertEquals("alice", iam.createUser(it -> it.userName("alice")).user().userName());
        assertThrows(EntityAlreadyExistsException.class, () -> iam.createUser(it -> it.userName("alice")));
    }
}

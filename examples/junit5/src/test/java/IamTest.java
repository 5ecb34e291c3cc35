import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Starts the reference endpoint for the tests of this class, and stops it at the end. */
class IamTest {
    static Process server;
    static URI endpoint;

    @BeforeAll
    static void start() throws Exception {
        server = new ProcessBuilder("iamspec", "serve", "--listen", "127.0.0.1:0")
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        // The first line is the URL. The server responds from then on.
        endpoint = URI.create(new BufferedReader(new InputStreamReader(server.getInputStream())).readLine());
    }

    @AfterAll
    static void stop() throws Exception {
        server.destroy();
        server.waitFor();
    }

    @Test
    void aUserIsCreatedOnce() throws Exception {
        for (int expected : new int[] {200, 409}) {
            var form = HttpRequest.BodyPublishers.ofString("Action=CreateUser&Version=2010-05-08&UserName=alice");
            var request = HttpRequest.newBuilder(endpoint).POST(form)
                    .header("Content-Type", "application/x-www-form-urlencoded").build();
            var response = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());
            assertEquals(expected, response.statusCode());
        }
    }
}

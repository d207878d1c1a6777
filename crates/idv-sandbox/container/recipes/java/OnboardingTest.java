// A person is verified at the emulated IDnow. Test dependencies: org.junit.jupiter:junit-jupiter,
// org.testcontainers:testcontainers, com.fasterxml.jackson.core:jackson-databind.

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.utility.DockerImageName;

class OnboardingTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private static GenericContainer<?> container;
    private static String control;
    private static String idnow;

    @BeforeAll
    static void startSandbox() {
        String running = System.getenv("SANDBOX_URL");
        if (running != null) {
            // A sandbox that runs already, such as a service of the CI.
            control = running + "/_control";
            idnow = System.getenv("SANDBOX_IDNOW_URL");
            return;
        }
        String image = System.getenv().getOrDefault("SANDBOX_IMAGE", "idv-sandbox");
        container = new GenericContainer<>(DockerImageName.parse(image))
                .withExposedPorts(7700, 7701)
                .waitingFor(Wait.forHttp("/_control/health").forPort(7700));
        container.start();
        control = address(7700) + "/_control";
        idnow = address(7701);
    }

    @AfterAll
    static void stopSandbox() {
        if (container != null) {
            container.stop();
        }
    }

    @Test
    void personIsVerified() throws Exception {
        JsonNode settings = call("GET", control + "/idnow", null).get("settings");
        String key = settings.get("api_key").asText();
        String api = idnow + "/api/v1/" + settings.get("company").asText();
        String number = UUID.randomUUID().toString();
        String identification = api + "/identifications/" + number;

        // The application creates a verification.
        Map<String, ?> person = Map.of("firstname", "Erika", "lastname", "Mustermann");
        call("POST", identification + "/start", person, "X-API-KEY", key);

        // The person and the agent act, and an hour passes.
        String act = control + "/idnow/verifications/" + number + "/act";
        call("POST", act, Map.of("scenario", "happy"));
        call("POST", control + "/clock", Map.of("advance_seconds", 3600));

        // The application receives the result.
        JsonNode login = call("POST", api + "/login", Map.of("apiKey", key));
        String token = login.get("authToken").asText();
        JsonNode result = call("GET", identification, null, "X-API-LOGIN-TOKEN", token);
        assertEquals("SUCCESS", result.at("/identificationprocess/result").asText());
    }

    private static String address(int port) {
        return "http://" + container.getHost() + ":" + container.getMappedPort(port);
    }

    /** Sends a request and returns the JSON of the response. */
    private static JsonNode call(String method, String url, Map<String, ?> body, String... headers)
            throws Exception {
        var data = body == null
                ? HttpRequest.BodyPublishers.noBody()
                : HttpRequest.BodyPublishers.ofString(JSON.writeValueAsString(body));
        var request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(10))
                .header("Content-Type", "application/json")
                .method(method, data);
        for (int i = 0; i + 1 < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        var response = HTTP.send(request.build(), BodyHandlers.ofString());
        assertTrue(response.statusCode() < 300, method + " " + url + ": " + response.body());
        return JSON.readTree(response.body());
    }
}

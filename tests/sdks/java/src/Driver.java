import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Supplier;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.core.SdkField;
import software.amazon.awssdk.core.SdkPojo;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;
import software.amazon.awssdk.core.exception.SdkClientException;
import software.amazon.awssdk.core.traits.ListTrait;
import software.amazon.awssdk.core.util.SdkAutoConstructList;
import software.amazon.awssdk.core.util.SdkAutoConstructMap;
import software.amazon.awssdk.core.util.VersionInfo;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.GetUserRequest;
import software.amazon.awssdk.services.iam.model.IamRequest;
import software.amazon.awssdk.utils.builder.SdkBuilder;

/**
 * A driver for the AWS SDK for Java, version 2. The protocol is in docs/guide/drivers.md. The driver does not
 * change the behavior of the SDK.
 */
public final class Driver {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String MODEL = "software.amazon.awssdk.services.iam.model.";

    private static IamClient client(JsonNode session, long deadlineMs) {
        String id = session.get("access_key_id").asText();
        String secret = session.get("secret_access_key").asText();
        AwsCredentials credentials = session.hasNonNull("session_token")
            ? AwsSessionCredentials.create(id, secret, session.get("session_token").asText())
            : AwsBasicCredentials.create(id, secret);
        return IamClient.builder()
            .endpointOverride(URI.create(session.get("endpoint").asText()))
            .region(Region.of(session.get("region").asText()))
            .credentialsProvider(StaticCredentialsProvider.create(credentials))
            .overrideConfiguration(it -> it.apiCallTimeout(Duration.ofMillis(deadlineMs)))
            .build();
    }

    /** Sets every member. Throws if the SDK does not have a member. */
    private static void set(SdkPojo builder, JsonNode params) {
        params.fields().forEachRemaining(member -> {
            for (SdkField<?> field : builder.sdkFields()) {
                if (field.memberName().equals(member.getKey())) {
                    field.set(builder, typed(field, member.getValue()));
                    return;
                }
            }
            throw new IllegalArgumentException("the SDK has no member " + member.getKey());
        });
    }

    private static Object typed(SdkField<?> field, JsonNode value) {
        switch (field.marshallingType().getTargetClass().getSimpleName()) {
            case "Integer":
                if (!value.isInt()) {
                    throw new IllegalArgumentException(field.memberName() + " is no number");
                }
                return value.intValue();
            case "Boolean":
                return value.booleanValue();
            case "List": {
                List<Object> items = new ArrayList<>();
                SdkField<?> item = field.getTrait(ListTrait.class).memberFieldInfo();
                value.forEach(it -> items.add(typed(item, it)));
                return items;
            }
            case "SdkPojo": {
                SdkPojo inner = ((Supplier<SdkPojo>) field.constructor()).get();
                set(inner, value);
                return ((SdkBuilder<?, ?>) inner).build();
            }
            default:
                return value.asText();
        }
    }

    /** Converts a result to JSON: dates in UTC, blobs in base64, without empty members. */
    private static JsonNode plain(Object value) {
        if (value instanceof SdkPojo) {
            ObjectNode members = JSON.createObjectNode();
            for (SdkField<?> field : ((SdkPojo) value).sdkFields()) {
                Object it = field.getValueOrDefault(value);
                boolean absent = it == null || it instanceof SdkAutoConstructList || it instanceof SdkAutoConstructMap;
                if (!absent) {
                    members.set(field.memberName(), plain(it));
                }
            }
            return members;
        }
        if (value instanceof List) {
            ArrayNode items = JSON.createArrayNode();
            ((List<?>) value).forEach(it -> items.add(plain(it)));
            return items;
        }
        if (value instanceof Map) {
            ObjectNode entries = JSON.createObjectNode();
            ((Map<?, ?>) value).forEach((key, it) -> entries.set(key.toString(), plain(it)));
            return entries;
        }
        if (value instanceof SdkBytes) {
            return JSON.valueToTree(Base64.getEncoder().encodeToString(((SdkBytes) value).asByteArray()));
        }
        if (value instanceof Instant) {
            return JSON.valueToTree(value.toString());
        }
        return JSON.valueToTree(value);
    }

    private static ObjectNode outcome(String kind, Object... members) {
        ObjectNode inner = JSON.createObjectNode();
        for (int place = 0; place < members.length; place += 2) {
            inner.set((String) members[place], JSON.valueToTree(members[place + 1]));
        }
        return JSON.createObjectNode().set(kind, inner);
    }

    private static ObjectNode sdkError(String kind, Throwable error) {
        String detail = String.join(" ", String.valueOf(error).split("\\s+"));
        return outcome("sdk_error", "kind", kind, "detail", detail);
    }

    private static ObjectNode failed(Throwable error) {
        if (error instanceof AwsServiceException) {
            AwsServiceException refused = (AwsServiceException) error;
            if (refused.awsErrorDetails() == null || refused.awsErrorDetails().errorCode() == null) {
                ObjectNode unread = sdkError("parse", error);
                ((ObjectNode) unread.get("sdk_error")).put("http_status", refused.statusCode());
                return unread;
            }
            return outcome("aws_error", "http_status", refused.statusCode(),
                "code", refused.awsErrorDetails().errorCode(),
                "message", refused.awsErrorDetails().errorMessage(),
                "exception", error.getClass().getSimpleName());
        }
        if (error instanceof IllegalArgumentException || error instanceof NullPointerException) {
            return sdkError("validation", error);
        }
        if (error instanceof ApiCallTimeoutException) {
            return sdkError("timeout", error);
        }
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof IOException) {
                return sdkError(cause instanceof java.net.SocketTimeoutException ? "timeout" : "transport", error);
            }
        }
        return sdkError(error instanceof SdkClientException ? "parse" : "validation", error);
    }

    /** The result of a paginator or waiter of the SDK. */
    private static JsonNode through(IamClient sender, JsonNode message, String name, Class<?> type, Object request)
        throws ReflectiveOperationException {
        ObjectNode joined = JSON.createObjectNode();
        if (message.get("through").asText().equals("waiter")) {
            sender.waiter().waitUntilUserExists((GetUserRequest) request);
            return joined;
        }
        long end = System.currentTimeMillis() + message.get("deadline_ms").asLong();
        Method pages = IamClient.class.getMethod(name + "Paginator", type.asSubclass(IamRequest.class));
        for (Object page : (Iterable<?>) pages.invoke(sender, request)) {
            if (System.currentTimeMillis() > end) {
                throw ApiCallTimeoutException.create(message.get("deadline_ms").asLong());
            }
            plain(page).fields().forEachRemaining(member -> {
                if (member.getValue().isArray()) {
                    joined.withArray(member.getKey()).addAll((ArrayNode) member.getValue());
                }
            });
        }
        return joined;
    }

    private static ObjectNode call(IamClient sender, JsonNode message) {
        String op = message.get("op").asText();
        try {
            // The SDK spells abbreviations as words in class names, but not in method names.
            String word = op.replace("MFA", "Mfa").replace("SSH", "Ssh");
            Class<?> type = Class.forName(MODEL + word + "Request");
            Object builder = type.getMethod("builder").invoke(null);
            set((SdkPojo) builder, message.get("params"));
            Object request = ((SdkBuilder<?, ?>) builder).build();
            String name = Character.toLowerCase(op.charAt(0)) + op.substring(1);
            if (message.has("through")) {
                return outcome("ok", "result", through(sender, message, name, type, request));
            }
            Method method = IamClient.class.getMethod(name, type.asSubclass(IamRequest.class));
            return outcome("ok", "result", plain(method.invoke(sender, request)));
        } catch (ClassNotFoundException | NoSuchMethodException error) {
            return outcome("unsupported", "reason", "the client has no " + op);
        } catch (InvocationTargetException error) {
            return failed(error.getCause());
        } catch (ReflectiveOperationException | RuntimeException error) {
            return failed(error);
        }
    }

    private static synchronized void say(PrintStream out, ObjectNode message) {
        out.println(message);
        out.flush();
    }

    public static void main(String[] arguments) throws IOException {
        PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        ExecutorService workers = Executors.newFixedThreadPool(4);
        JsonNode session = null;
        long deadline = 0;
        IamClient sender = null;
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            JsonNode message = JSON.readTree(line);
            ObjectNode reply = JSON.createObjectNode();
            switch (message.get("type").asText()) {
                case "hello":
                    reply.put("type", "hello").put("protocol", 1).put("driver", "iamspec-java")
                        .put("sdk", "software.amazon.awssdk:iam").put("version", VersionInfo.SDK_VERSION)
                        .put("language", "Java " + Runtime.version().feature()).putArray("ops");
                    reply.putArray("through").add("paginator").add("waiter");
                    say(out, reply);
                    break;
                case "session":
                    session = message;
                    sender = null;
                    say(out, reply.put("type", "session"));
                    break;
                case "call":
                    if (sender == null || deadline != message.get("deadline_ms").asLong()) {
                        deadline = message.get("deadline_ms").asLong();
                        sender = client(session, deadline);
                    }
                    IamClient client = sender;
                    workers.submit(() -> {
                        ObjectNode answer = JSON.createObjectNode().put("type", "answer");
                        answer.put("seq", message.get("seq").asLong()).set("outcome", call(client, message));
                        say(out, answer);
                    });
                    break;
                default:
                    System.exit(0);
            }
        }
        System.exit(0);
    }
}

import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.CertificatePinner;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * OkHttp as an app uses it: one GET, with a trust store of its own and, where one is given, a pin.
 *
 * Reads a call a line from standard input: URL, secret, pin or "-", PEM file with the trust anchors, with tabs between.
 * Writes a line for each: its number, "0" and the status, or "1" and the exception, with tabs between.
 */
public final class Pinned {
    private static final int PATIENCE = 10; // seconds for one call

    public static void main(String[] none) {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        List<String> calls = input.lines().collect(Collectors.toList());
        IntStream.range(0, calls.size())
                .parallel()
                .mapToObj(number -> number + "\t" + made(calls.get(number).split("\t", 4)))
                .forEachOrdered(System.out::println);
        System.exit(0); // OkHttp's idle threads would keep the machine alive for a minute
    }

    private static String made(String[] call) {
        try {
            Request request =
                    new Request.Builder().url(call[0]).header("Authorization", "Bearer " + call[1]).build();
            try (Response response = client(call[2], trusting(call[3])).newCall(request).execute()) {
                return "0\tHTTP " + response.code();
            }
        } catch (Exception problem) {
            String words = String.valueOf(problem.getMessage()).split("\n")[0];
            return "1\t" + problem.getClass().getSimpleName() + ": " + words.replace('\t', ' ');
        }
    }

    private static OkHttpClient client(String pin, X509TrustManager trusted) throws Exception {
        SSLContext tls = SSLContext.getInstance("TLS"); // a new one, so no session is known and every handshake is full
        tls.init(null, new TrustManager[] {trusted}, null);
        OkHttpClient.Builder building =
                new OkHttpClient.Builder()
                        .proxy(Proxy.NO_PROXY)
                        .callTimeout(PATIENCE, TimeUnit.SECONDS)
                        .sslSocketFactory(tls.getSocketFactory(), trusted);
        if (!pin.equals("-")) {
            building.certificatePinner(new CertificatePinner.Builder().add("localhost", pin).build());
        }
        return building.build();
    }

    private static X509TrustManager trusting(String pem) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream file = Files.newInputStream(Paths.get(pem))) {
            int number = 0;
            for (Certificate anchor : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry("anchor-" + number++, anchor);
            }
        }
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init(store);
        return (X509TrustManager) factory.getTrustManagers()[0];
    }
}

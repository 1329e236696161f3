#!/usr/bin/env bash
# org.springaicommunity:mcp-server-security 0.1.13 sends a challenge that is not of HTTP's grammar.
#
# Expected: RFC 9110 §11.2: a parameter of a challenge is a token or a quoted string, and a token has
# neither ":" nor "/". RFC 9728 §5.1 shows the URL of `resource_metadata` in quotes.
# Seen: `mcpServerOAuth2()`, the security of Spring AI's MCP servers, sends the URL without quotes, to
# requests without a token and with a refused one. Spring Security 7.1.0 alone puts it in quotes.
# For users: clients that look for the quotes find no URL, and guess the path-inserted place. Under a
# context path, as here, the metadata are elsewhere, and the login fails: @ai-sdk/mcp 2.0.99 logs in
# when the same URL is in quotes, and not without. Without a context path the guess is right. The gate
# as a proxy in front of such a server sends a challenge of its own.
#
# Output on 28 November 2026, with Java 17: see the end of this script.
set -euo pipefail
folder=$(mktemp -d) && trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > pom.xml <<'END'
<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>finding</groupId>
  <artifactId>finding</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.springaicommunity</groupId>
      <artifactId>mcp-server-security</artifactId>
      <version>0.1.13</version>
    </dependency>
    <dependency>
      <groupId>org.springframework.security</groupId>
      <artifactId>spring-security-config</artifactId>
      <version>7.1.0</version>
    </dependency>
    <dependency>
      <groupId>org.springframework.security</groupId>
      <artifactId>spring-security-oauth2-resource-server</artifactId>
      <version>7.1.0</version>
    </dependency>
    <dependency>
      <groupId>org.springframework.security</groupId>
      <artifactId>spring-security-oauth2-jose</artifactId>
      <version>7.1.0</version>
    </dependency>
    <dependency>
      <groupId>org.springframework</groupId>
      <artifactId>spring-webmvc</artifactId>
      <version>7.0.8</version>
    </dependency>
    <dependency>
      <groupId>tools.jackson.core</groupId>
      <artifactId>jackson-databind</artifactId>
      <version>3.2.4</version>
    </dependency>
    <dependency>
      <groupId>org.apache.tomcat.embed</groupId>
      <artifactId>tomcat-embed-core</artifactId>
      <version>11.0.21</version>
    </dependency>
  </dependencies>
</project>
END
timeout 280 mvn --quiet --batch-mode -Dmaven.repo.local="$folder/m2" \
  org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory=lib \
  &> mvn.txt || { cat mvn.txt; exit 1; }

cat > Finding.java <<'END'
import static org.springaicommunity.mcp.security.server.config.McpServerOAuth2Configurer.mcpServerOAuth2;

import jakarta.servlet.http.HttpServlet;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.regex.Pattern;
import org.apache.catalina.startup.Tomcat;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.core.annotation.Order;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configuration.EnableWebSecurity;
import org.springframework.security.oauth2.jwt.BadJwtException;
import org.springframework.security.oauth2.jwt.JwtDecoder;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.web.context.support.AnnotationConfigWebApplicationContext;
import org.springframework.web.filter.DelegatingFilterProxy;
import org.springframework.web.filter.RequestContextFilter;
import org.springframework.web.servlet.config.annotation.EnableWebMvc;

public class Finding {
    static final JwtDecoder REFUSE = token -> { throw new BadJwtException("expired"); };

    @Configuration
    @EnableWebMvc
    @EnableWebSecurity
    static class Security {
        @Bean
        @Order(1)
        SecurityFilterChain alone(HttpSecurity http) throws Exception {
            return http.securityMatcher("/alone")
                .authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .csrf(csrf -> csrf.disable())
                .oauth2ResourceServer(server -> server.jwt(jwt -> jwt.decoder(REFUSE)))
                .build();
        }

        @Bean
        @Order(2)
        SecurityFilterChain mcp(HttpSecurity http) throws Exception {
            return http.authorizeHttpRequests(requests -> requests.anyRequest().authenticated())
                .csrf(csrf -> csrf.disable())
                .with(mcpServerOAuth2(), mcp -> mcp.authorizationServer("http://127.0.0.1:9/").jwtDecoder(REFUSE))
                .build();
        }
    }

    /** RFC 9110 §11.2 and §11.3: a scheme, and parameters whose values are tokens or quoted strings. */
    static final String TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
    static final String PARAMETER = TOKEN + "=(?:" + TOKEN + "|\"(?:[^\"\\\\]|\\\\.)*\")";
    static final Pattern CHALLENGE = Pattern.compile(TOKEN + " " + PARAMETER + "(?:, *" + PARAMETER + ")*");

    static String origin;

    static HttpResponse<Void> get(String path, String token) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(origin + path));
        if (!token.isEmpty()) request.header("Authorization", "Bearer " + token);
        return HttpClient.newHttpClient().send(request.build(), BodyHandlers.discarding());
    }

    public static void main(String[] arguments) throws Exception {
        Tomcat tomcat = new Tomcat();
        tomcat.setBaseDir("tomcat");
        tomcat.setPort(0);
        tomcat.getConnector().setProperty("address", "127.0.0.1");
        var context = tomcat.addContext("/app", null);
        context.addServletContainerInitializer((classes, servlets) -> {
            var spring = new AnnotationConfigWebApplicationContext();
            spring.register(Security.class);
            spring.setServletContext(servlets);
            spring.refresh();
            // Spring Boot adds both filters by itself.
            servlets.addFilter("request", new RequestContextFilter()).addMappingForUrlPatterns(null, false, "/*");
            servlets.addFilter("security", new DelegatingFilterProxy("springSecurityFilterChain", spring))
                .addMappingForUrlPatterns(null, false, "/*");
        }, null);
        Tomcat.addServlet(context, "none", new HttpServlet() {}).addMapping("/");
        tomcat.start();

        origin = "http://127.0.0.1:" + tomcat.getConnector().getLocalPort();
        for (String path : new String[] {"/app/alone", "/app/mcp"}) {
            for (String token : new String[] {"", "refused"}) {
                var response = get(path, token);
                String challenge = response.headers().firstValue("WWW-Authenticate").orElseThrow();
                String shown = challenge.replaceAll(", error_(?:description|uri)=\"[^\"]*\"", "").replace(origin, "ORIGIN");
                System.out.printf("%s: %d %s%n", path, response.statusCode(), shown);
                System.out.printf("  of the grammar: %b%n", CHALLENGE.matcher(challenge).matches());
            }
        }
        for (String path : new String[] {
            "/app/.well-known/oauth-protected-resource/mcp",
            "/.well-known/oauth-protected-resource/app/mcp",
            "/.well-known/oauth-protected-resource",
        }) {
            System.out.printf("%s: %d%n", path, get(path, "").statusCode());
        }
        System.exit(0);
    }
}
END
timeout 100 java -cp 'lib/*' Finding.java 2> log.txt > seen.txt
diff seen.txt - <<'EOT'
/app/alone: 401 Bearer resource_metadata="ORIGIN/app/.well-known/oauth-protected-resource"
  of the grammar: true
/app/alone: 401 Bearer error="invalid_token", resource_metadata="ORIGIN/app/.well-known/oauth-protected-resource"
  of the grammar: true
/app/mcp: 401 Bearer resource_metadata=ORIGIN/app/.well-known/oauth-protected-resource/mcp
  of the grammar: false
/app/mcp: 401 Bearer error="invalid_token", resource_metadata=ORIGIN/app/.well-known/oauth-protected-resource/mcp
  of the grammar: false
/app/.well-known/oauth-protected-resource/mcp: 200
/.well-known/oauth-protected-resource/app/mcp: 404
/.well-known/oauth-protected-resource: 404
EOT
echo 'Still so.'

// A person is verified at the emulated IDnow.
//
//	go mod tidy && go test ./...
package onboarding

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// sandbox returns the addresses of the control plane and of IDnow.
func sandbox(t *testing.T) (string, string) {
	t.Helper()
	// A sandbox that runs already, such as a service of the CI.
	if url := os.Getenv("SANDBOX_URL"); url != "" {
		return url + "/_control", os.Getenv("SANDBOX_IDNOW_URL")
	}
	image := os.Getenv("SANDBOX_IMAGE")
	if image == "" {
		image = "idv-sandbox"
	}
	ctx := context.Background()
	container, err := testcontainers.Run(ctx, image,
		testcontainers.WithExposedPorts("7700/tcp", "7701/tcp"),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/_control/health").WithPort("7700/tcp")),
	)
	testcontainers.CleanupContainer(t, container)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := container.PortEndpoint(ctx, "7700/tcp", "http")
	if err != nil {
		t.Fatal(err)
	}
	idnow, err := container.PortEndpoint(ctx, "7701/tcp", "http")
	if err != nil {
		t.Fatal(err)
	}
	return shared + "/_control", idnow
}

// call sends a request and reads the JSON of the response.
func call(t *testing.T, method, url string, body any, result any, headers ...string) {
	t.Helper()
	var data bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&data).Encode(body); err != nil {
			t.Fatal(err)
		}
	}
	request, err := http.NewRequest(method, url, &data)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{Timeout: 10 * time.Second}
	response, err := client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode >= 300 {
		t.Fatalf("%s %s: %s", method, url, response.Status)
	}
	if err := json.NewDecoder(response.Body).Decode(result); err != nil {
		t.Fatal(err)
	}
}

func TestPersonIsVerified(t *testing.T) {
	control, idnow := sandbox(t)
	var vendor struct {
		Settings struct {
			Company string `json:"company"`
			APIKey  string `json:"api_key"`
		} `json:"settings"`
	}
	call(t, "GET", control+"/idnow", nil, &vendor)
	settings := vendor.Settings
	number := fmt.Sprintf("T-%d", time.Now().UnixNano())
	api := idnow + "/api/v1/" + settings.Company
	identification := api + "/identifications/" + number
	var ignored any

	// The application creates a verification.
	person := map[string]string{"firstname": "Erika", "lastname": "Mustermann"}
	call(t, "POST", identification+"/start", person, &ignored, "X-API-KEY", settings.APIKey)

	// The person and the agent act, and an hour passes.
	happy := map[string]string{"scenario": "happy"}
	call(t, "POST", control+"/idnow/verifications/"+number+"/act", happy, &ignored)
	call(t, "POST", control+"/clock", map[string]int{"advance_seconds": 3600}, &ignored)

	// The application receives the result.
	var login struct {
		AuthToken string `json:"authToken"`
	}
	call(t, "POST", api+"/login", map[string]string{"apiKey": settings.APIKey}, &login)
	var result struct {
		Process struct {
			Result string `json:"result"`
		} `json:"identificationprocess"`
	}
	call(t, "GET", identification, nil, &result, "X-API-LOGIN-TOKEN", login.AuthToken)
	if result.Process.Result != "SUCCESS" {
		t.Fatalf("unexpected result: %s", result.Process.Result)
	}
}

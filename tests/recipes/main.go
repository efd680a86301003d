// Calls Box's API with boxd's tokens, for each line of stdin:  echo /2.0/users/me | go run main.go
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
)

var boxd = &http.Client{Transport: &http.Transport{
	DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		path, err := exec.CommandContext(ctx, "boxctl", "paths", "socket").Output()
		if err != nil {
			return nil, err
		}
		return (&net.Dialer{}).DialContext(ctx, "unix", strings.TrimSpace(string(path)))
	},
}}

type token struct {
	AccessToken string `json:"access_token"`
	Generation  uint64 `json:"generation"`
	Detail      string `json:"detail"` // in place of the others where there is no token
	NextStep    string `json:"next_step"`
}

func askBoxd(wish map[string]any) (token, error) {
	var answer token
	body, err := json.Marshal(wish)
	if err != nil {
		return answer, err
	}
	response, err := boxd.Post("http://boxd/v1/token", "application/json", bytes.NewReader(body))
	if err != nil {
		return answer, err
	}
	defer response.Body.Close()
	err = json.NewDecoder(response.Body).Decode(&answer)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s; next step: %s", answer.Detail, answer.NextStep)
	}
	return answer, err
}

func get(path string, with token) (int, string, error) {
	api := os.Getenv("BOX_API_URL")
	if api == "" {
		api = "https://api.box.com"
	}
	request, err := http.NewRequest(http.MethodGet, api+path, nil)
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Authorization", "Bearer "+with.AccessToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

func call(path string) (string, error) {
	current, err := askBoxd(map[string]any{}) // each time anew: boxd answers from memory
	if err != nil {
		return "", err
	}
	status, body, err := get(path, current)
	if err == nil && status == http.StatusUnauthorized {
		if current, err = askBoxd(map[string]any{"rejected": current.Generation}); err != nil {
			return "", err
		}
		status, body, err = get(path, current)
	}
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("%s: Box answered %d", path, status)
	}
	return body, err
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		body, err := call(lines.Text())
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(body)
	}
}

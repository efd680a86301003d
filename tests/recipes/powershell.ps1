# Calls Box's API (PowerShell 7):  ./powershell.ps1 /2.0/users/me
param([Parameter(Mandatory)][string] $Path)
$ErrorActionPreference = 'Stop'
$api = $env:BOX_API_URL ?? 'https://api.box.com'

function Get-Box([string] $Token) {
    Invoke-RestMethod "$api$Path" -Headers @{ Authorization = "Bearer $Token" } `
        -SkipHttpErrorCheck -StatusCodeVariable script:status
}

$token = boxctl token
if ($LASTEXITCODE) { exit $LASTEXITCODE }   # boxctl has said why, and what to do
$answer = Get-Box $token
if ($status -eq 401) {
    $token = $token | boxctl token --rejected -
    if ($LASTEXITCODE) { exit $LASTEXITCODE }
    $answer = Get-Box $token
}
if ($status -ge 400) { throw "Box answered $status" }
$answer

# Calls Box's API (PowerShell 7):  ./powershell.ps1 /2.0/users/me
param([Parameter(Mandatory)][string] $Path)
$ErrorActionPreference = 'Stop'
$api = $env:BOX_API_URL ?? 'https://api.box.com'

function Get-Box([string] $Token) {
    Invoke-WebRequest "$api$Path" -Headers @{ Authorization = "Bearer $Token" } -SkipHttpErrorCheck
}

$token = boxctl token
if ($LASTEXITCODE) { exit $LASTEXITCODE }   # boxctl has said why, and what to do
$answer = Get-Box $token
if ($answer.StatusCode -eq 401) {
    $token = $token | boxctl token --rejected -
    if ($LASTEXITCODE) { exit $LASTEXITCODE }
    $answer = Get-Box $token
}
if ($answer.StatusCode -ge 400) { throw "Box answered $($answer.StatusCode)" }
$answer.Content | ConvertFrom-Json

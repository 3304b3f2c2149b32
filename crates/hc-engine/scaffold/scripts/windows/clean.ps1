# Removes what the build left: update downloads, temporary files, event logs.
$ErrorActionPreference = 'Stop'

Stop-Service -Name 'wuauserv' -Force
foreach ($path in "$env:SystemRoot\SoftwareDistribution\Download\*", "$env:SystemRoot\Temp\*") {
  Remove-Item -Path $path -Recurse -Force -ErrorAction SilentlyContinue
}
foreach ($log in Get-WinEvent -ListLog * -ErrorAction SilentlyContinue | Where-Object { $_.RecordCount -gt 0 }) {
  [System.Diagnostics.Eventing.Reader.EventLogSession]::GlobalSession.ClearLog($log.LogName)
}
Optimize-Volume -DriveLetter C -ReTrim

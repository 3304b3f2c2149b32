# Runs once, at the first logon: installs VMware Tools, makes the account that provisions, opens WinRM over TLS.
# Name and password of the account come through guestinfo; neither is on the CD.
$ErrorActionPreference = 'Stop'

$tools = Get-Volume | Where-Object { $_.DriveLetter -and (Test-Path "$($_.DriveLetter):\setup64.exe") } | Select-Object -First 1
Start-Process -Wait "$($tools.DriveLetter):\setup64.exe" -ArgumentList '/S /v "/qn REBOOT=R"'

$rpc = Join-Path $env:ProgramFiles 'VMware\VMware Tools\rpctool.exe'
$name = & $rpc 'info-get guestinfo.hybrid.winrm_username'
$password = ConvertTo-SecureString (& $rpc 'info-get guestinfo.hybrid.winrm_password') -AsPlainText -Force
& $rpc 'info-set guestinfo.hybrid.winrm_password ' | Out-Null

New-LocalUser -Name $name -Password $password -PasswordNeverExpires | Out-Null
Add-LocalGroupMember -Group 'Administrators' -Member $name
# The account that logged on without a password is of no more use.
Disable-LocalUser -Name 'Administrator'

Get-NetConnectionProfile | Set-NetConnectionProfile -NetworkCategory Private
Enable-PSRemoting -Force -SkipNetworkProfileCheck
$certificate = New-SelfSignedCertificate -DnsName $env:COMPUTERNAME -CertStoreLocation 'Cert:\LocalMachine\My'
New-Item -Path 'WSMan:\localhost\Listener' -Transport HTTPS -Address '*' -CertificateThumbPrint $certificate.Thumbprint -Force | Out-Null
Set-Item -Path 'WSMan:\localhost\Service\AllowUnencrypted' -Value $false
New-NetFirewallRule -Name 'WINRM-HTTPS' -DisplayName 'WinRM over TLS' -Direction Inbound -Protocol TCP -LocalPort 5986 -Action Allow | Out-Null

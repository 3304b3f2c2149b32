# Names the machine and says at every logon what it is.
$ErrorActionPreference = 'Stop'

if ($env:COMPUTERNAME -ne $env:HYBRID_HOSTNAME) {
  Rename-Computer -NewName $env:HYBRID_HOSTNAME -Force
}
$policy = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System'
Set-ItemProperty -Path $policy -Name 'LegalNoticeCaption' -Value 'Notice'
Set-ItemProperty -Path $policy -Name 'LegalNoticeText' -Value $env:HYBRID_MOTD
